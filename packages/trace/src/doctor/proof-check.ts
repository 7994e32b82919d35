import type { RuleStep, TraceReport } from '../model/report.ts';
import type { Finding } from './finding.ts';
import { containersOn, type HostState, type ProofOf } from './host-state.ts';

type WayOut = Extract<ProofOf['purpose'], { kind: 'way-out' }>;

/** What packets that were sent for a purpose have shown. */
export function proofFindings(state: HostState, kind: ProofOf['purpose']['kind']): Finding[] {
  return state.proofs.filter(({ purpose }) => purpose.kind === kind).flatMap((proof) => findingOf(state, proof) ?? []);
}

/** Whether a packet has shown trouble. */
export function isSuspect(state: HostState, proof: ProofOf): boolean {
  return findingOf(state, proof) !== undefined;
}

function findingOf(state: HostState, proof: ProofOf): Finding | undefined {
  const { purpose, report } = proof;
  if (purpose.kind === 'size') return sizeFinding(state, purpose, report);
  if (purpose.kind === 'way-in' && report.verdict === 'delivered') return takenFinding(purpose, report);
  const { cause } = report;
  if (cause === undefined || !hasFailed(proof)) return undefined;
  const isOwn = purpose.kind === 'way-out' && othersGetOut(state, purpose);
  const affects =
    purpose.kind === 'way-in' ? [purpose.container] : isOwn ? [purpose.from] : containersOn(state, purpose.network);
  return {
    code: cause.code,
    severity: report.verdict === 'dropped' ? 'error' : 'warning',
    text: cause.text,
    consequences: [isOwn ? `${purpose.from} does not get out.` : consequence(purpose)],
    evidence: [...cause.evidence, `proved by a packet: ${probeText(report)}`],
    affects,
    fixes: report.fixes,
  };
}

/** Nobody outside has to answer, and nothing is said about what was not seen. */
function hasFailed({ purpose, report }: ProofOf): boolean {
  const { verdict, cause } = report;
  if (verdict === 'delivered' || verdict === 'lost' || verdict === 'unknown' || cause === undefined) return false;
  if (purpose.kind === 'way-out' && isElsewhere(report)) return false;
  // A port for some askers was asked for by another one, and that it is not for that one is what was wanted. Where there is
  // no way from outside, the checks of the host's own say so.
  return cause.code !== 'not-allowed' && cause.code !== 'no-uplink';
}

/** What another container of the network can, only this one cannot. */
function othersGetOut({ proofs }: HostState, { network, family, from }: WayOut): boolean {
  return proofs.some((proof) => {
    const { purpose } = proof;
    const isOther = purpose.kind === 'way-out' && purpose.from !== from;
    return isOther && purpose.network === network && purpose.family === family && !hasFailed(proof);
  });
}

/** That the gateway refuses, or nobody has its address, is no fault of this machine's containers. */
function isElsewhere({ verdict, cause }: TraceReport): boolean {
  return verdict === 'refused' || cause?.code === 'no-neighbor';
}

function consequence(purpose: Exclude<ProofOf['purpose'], { kind: 'size' }>): string {
  switch (purpose.kind) {
    case 'way-out':
      return `Containers of ${purpose.network} do not get out.`;
    case 'neighbours':
      return `Containers of ${purpose.network} do not reach each other.`;
    case 'way-in':
      return `Port ${purpose.port} of this host does not lead to ${purpose.container}.`;
    default:
      return purpose satisfies never;
  }
}

function probeText({ probe, summary }: TraceReport): string {
  if (probe === undefined) return summary;
  const port = probe.destination.port === undefined ? '' : `:${probe.destination.port}`;
  return `${probe.source.name} → ${probe.destination.address}${port} ${probe.protocol}, ${summary}`;
}

function sizeFinding(
  state: HostState,
  { network, size }: { readonly network: string; readonly size: number },
  report: TraceReport,
): Finding | undefined {
  if (report.cause?.code !== 'too-big') return undefined;
  return {
    code: 'mtu',
    severity: 'warning',
    consequences: [`The network ${network} lets packets of ${size} bytes through, the way out does not.`],
    text: `Where the message about it is lost, large packets vanish: connections hang after they were made.`,
    evidence: [...report.cause.evidence, `proved by a packet: ${probeText(report)}`],
    affects: containersOn(state, network),
    fixes: report.fixes,
  };
}

/** Where a packet for a container's port has arrived instead: somebody else's rule or route was first. */
export function diversion(
  container: string,
  report: TraceReport,
): { readonly place: string; readonly rule?: RuleStep; readonly evidence: readonly string[] } | undefined {
  const arrival = report.hops.findLast(({ role, event }) => role === 'request' && event === 'received');
  if (arrival === undefined || arrival.place.split('+').includes(container)) return undefined;
  const rules = report.hops
    .flatMap((hop) => hop.rules)
    .filter(({ owner, text }) => owner !== 'fairlead' && /dnat|redirect|"DNAT"|"REDIRECT"/.test(text));
  const [rule] = rules;
  return {
    place: arrival.place,
    ...(rule && { rule }),
    evidence: [
      ...(rule === undefined
        ? []
        : [`nft trace: table ${rule.family} ${rule.table}, chain ${rule.chain}: ${rule.text}`]),
      `proved by a packet: ${probeText(report)}`,
    ],
  };
}

/** It arrived, but not where the port is to lead. */
function takenFinding(
  { container, port }: { readonly container: string; readonly port: number },
  report: TraceReport,
): Finding | undefined {
  const found = diversion(container, report);
  if (found === undefined) return undefined;
  const { place, rule, evidence } = found;
  return {
    code: 'port-taken',
    severity: 'error',
    text: `Port ${port} of this host is published for ${container}, but leads to ${place}${rule === undefined ? '' : `: a rule of ${rule.owner} comes first`}.`,
    evidence,
    affects: [container],
    fixes: [],
  };
}
