import type { ElementObject, TableDefinition } from '@fairlead/netlink';
import { rule } from './host-rule.ts';

/** Name of the table about further bridges of networks; there for as long as any network has one. */
export const segmentsTableName = 'fairlead-segments';

/**
 * Where br_netfilter shows us what crosses a further bridge of a network, it is not tracked: a connection that is known
 * there already would not be translated any more where it is routed, at the first one. A table of its own, for its hook is
 * one that every packet of the host passes, and few hosts have such networks: docs/decisions/0025-more-than-one-bridge.md.
 */
export function segmentsTable(options: { readonly protected: boolean }): TableDefinition {
  return {
    family: 'inet',
    name: segmentsTableName,
    comment: 'further bridges of container networks: made by fairlead',
    ...(options.protected && { protected: true }),
    sets: [
      { name: 'segments', key: ['ifname'], comment: 'further bridges of a network: they only lead to the first one' },
    ],
    chains: [
      {
        name: 'crossing',
        hook: { type: 'filter', hook: 'prerouting', priority: -300, policy: 'accept' },
        rules: [rule([{ match: ['iifname'], with: { set: 'segments' } }, { notrack: true }])],
      },
    ],
  };
}

/** What a further bridge asks of the table. */
export function segmentElement(bridge: string): ElementObject {
  return { kind: 'element', namespace: '', table: segmentsTableName, set: 'segments', key: [bridge] };
}
