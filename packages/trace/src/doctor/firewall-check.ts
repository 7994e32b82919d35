import { prefixFamily } from '@fairlead/base';
import { sysctlFix } from '../cause/row.ts';
import { ruleOwner } from '../model/rule-owner.ts';
import type { Finding } from './finding.ts';
import { containersOn, type HostState, runningContainers, usedNetworks } from './host-state.ts';

/** Whether the rules of the engine itself are there. */
export function ownTableFindings(state: HostState): Finding[] {
  const has = state.chains.some(({ family, table }) => family === 'inet' && table === 'fairlead');
  if (has) return [];
  return [
    {
      code: 'own-table-missing',
      severity: 'error',
      text: 'The table of Fairlead is gone: published ports, translation and separation of networks do not work.',
      evidence: ['nftables: no table inet fairlead'],
      affects: runningContainers(state),
      fixes: [{ text: 'Restart the engine, which puts it back', commands: ['systemctl restart fairlead'], undo: [] }],
    },
  ];
}

const PRESSURE = 0.8;

/** Whether the table of connections has room. */
export function connectionFindings(state: HostState): Finding[] {
  const [count, max] = ['count', 'max'].map((name) => Number(state.sysctls[`net.netfilter.nf_conntrack_${name}`] ?? 0));
  if (!max || (count ?? 0) < max * PRESSURE) return [];
  const full = (count ?? 0) >= max;
  const key = 'net.netfilter.nf_conntrack_max';
  return [
    {
      code: 'conntrack-pressure',
      severity: full ? 'error' : 'warning',
      text: `The table of connections ${full ? 'is full: new connections are dropped' : 'is nearly full: when it is, new connections are dropped'}.`,
      evidence: [`net.netfilter.nf_conntrack_count = ${count} of ${max}`],
      affects: runningContainers(state),
      fixes: [
        sysctlFix(
          { namespace: '', key, value: String(max * 4), previous: String(max) },
          { text: 'Make room for four times as many', scope: 'memory: 320 bytes for each' },
        ),
      ],
    },
  ];
}

/** Harmless in itself; together with somebody's policy it cuts neighbours off. */
export function bridgedFirewallFindings(state: HostState): Finding[] {
  return ([4, 6] as const).flatMap((family) => {
    const key = family === 4 ? 'net.bridge.bridge-nf-call-iptables' : 'net.bridge.bridge-nf-call-ip6tables';
    const table = family === 4 ? 'ip' : 'ip6';
    const policies = state.chains.filter(
      ({ hook, policy, family: of, table: name, chain }) =>
        hook === 'forward' &&
        policy === 'drop' &&
        (of === table || of === 'inet') &&
        ruleOwner({ family: of, table: name, chain }) !== 'fairlead',
    );
    const concerned = usedNetworks(state).filter(({ subnets }) =>
      subnets.some((subnet) => prefixFamily(subnet) === family),
    );
    const proven = state.proofs.some(
      ({ report }) => report.cause?.code === 'bridge-firewall' && report.probe?.family === family,
    );
    const [first] = policies;
    if (state.sysctls[key] !== '1' || first === undefined || concerned.length === 0 || !proven) return [];
    return [
      {
        code: 'bridge-firewall',
        severity: 'error',
        text: `Packets between containers of one network go through the IP firewall (${key} = 1), where ${ruleOwner(
          first,
          state.chains
            .filter((each) => each.family === first.family && each.table === first.table)
            .map(({ chain }) => chain),
        )} drops them.`,
        evidence: [
          `${key} = 1`,
          `${first.family} ${first.table} ${first.chain}: policy drop`,
          'proved by a packet between two containers',
        ],
        affects: concerned.flatMap(({ name }) => containersOn(state, name)),
        fixes: [
          sysctlFix(
            { namespace: '', key, value: '0', previous: '1' },
            { text: 'Let bridged packets pass the IP firewall by', scope: 'all bridges of this host' },
          ),
        ],
      } satisfies Finding,
    ];
  });
}
