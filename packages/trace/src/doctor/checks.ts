import type { CheckResult, Finding } from './finding.ts';
import { bridgedFirewallFindings, connectionFindings, ownTableFindings } from './firewall-check.ts';
import type { HostState } from './host-state.ts';
import { interfaceFindings } from './interface-check.ts';
import { leftoverFindings } from './leftover-check.ts';
import { nameFindings } from './name-check.ts';
import { proofFindings } from './proof-check.ts';
import { questionFindings } from './question-check.ts';
import { defaultRouteFindings, forwardingFindings, overlapFindings, refusingRouteFindings } from './route-check.ts';
import { serverFindings } from './server-check.ts';
import { contestFindings, sharingFindings } from './sharing-check.ts';

/** One thing that the doctor looks at. */
interface Check {
  readonly name: string;
  readonly find: (state: HostState) => Finding[];
}

function features(state: HostState): Finding[] {
  return state.missingFeatures.map((name) => ({
    code: 'kernel-feature',
    severity: 'note',
    text: `This kernel has no ${name}.`,
    evidence: [`tried: ${name}`],
    affects: [],
    fixes: [],
  }));
}

const checks: readonly Check[] = [
  { name: 'own rules', find: ownTableFindings },
  { name: 'forwarding', find: forwardingFindings },
  { name: 'default route', find: defaultRouteFindings },
  { name: 'subnets', find: overlapFindings },
  { name: 'refusing routes', find: refusingRouteFindings },
  { name: 'other engines', find: sharingFindings },
  { name: 'LAN addresses', find: contestFindings },
  { name: 'interfaces', find: interfaceFindings },
  { name: 'questions', find: questionFindings },
  { name: 'bridged packets', find: bridgedFirewallFindings },
  { name: 'ways out', find: (state) => proofFindings(state, 'way-out') },
  { name: 'neighbours', find: (state) => proofFindings(state, 'neighbours') },
  { name: 'the host', find: (state) => proofFindings(state, 'host') },
  { name: 'attempts', find: (state) => proofFindings(state, 'attempt') },
  { name: 'published ports', find: (state) => proofFindings(state, 'way-in') },
  { name: 'packet size', find: (state) => proofFindings(state, 'size') },
  { name: 'connections', find: connectionFindings },
  { name: 'servers', find: serverFindings },
  { name: 'names', find: nameFindings },
  { name: 'leftovers', find: leftoverFindings },
  { name: 'kernel', find: features },
];

/** Run every check. What one of them says about a cause is not said again by a proof of another. */
export function runChecks(state: HostState): CheckResult[] {
  const said = new Set<string>();
  return checks.map(({ name, find }) => {
    const findings = find(state).filter(({ code, affects }) => {
      const key = `${code} ${[...affects].sort().join(' ')}`;
      const isNew = !said.has(key) && !(said.has(code) && proofCodes.has(code));
      said.add(key);
      said.add(code);
      return isNew;
    });
    return { check: name, findings };
  });
}

/** Causes that a check tells for the whole host, of which every proof then is only another instance. */
const proofCodes: ReadonlySet<string> = new Set([
  'forwarding-off',
  'bridge-firewall',
  'conntrack-full',
  'interface-down',
  'off-the-bridge',
  'address-missing',
  'cable-missing',
]);
