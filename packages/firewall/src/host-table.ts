import type { TableDefinition } from '@fairlead/netlink';
import { forwardChains } from './forward-chains.ts';
import { hostSets, tableName } from './host-sets.ts';
import { loopbackChains } from './loopback-chains.ts';
import { publishedPortChains } from './published-port-chains.ts';
import { type RelayTableOptions, relayTable, relayTableName } from './relay-table.ts';
import { outwardTranslationChains } from './translation-chains.ts';

/** How the table is to be held. */
export interface HostTableOptions {
  /** Owned by our process and kept when it ends; needs Linux 6.9. */
  readonly protected: boolean;
  /** Without numbers that connections draw (meta random) ports of services lead nowhere. Default true. */
  readonly mesh?: boolean;
}

/**
 * Everything that the host's firewall does for containers, as one static table: the rules never change, all state is in
 * the sets (see `host-sets.ts`). Why it is laid out so: docs/decisions/0004-firewall-layout.md.
 *
 * It judges only packets that come from or go to one of our bridges; whatever else passes is left to the host's own
 * rules. An `accept` here does not overrule a drop in another table.
 */
export function hostTable(options: HostTableOptions): TableDefinition {
  return {
    family: 'inet',
    name: tableName,
    comment: 'container networks: made by fairlead',
    ...(options.protected && { protected: true }),
    sets: hostSets,
    chains: [
      ...loopbackChains,
      ...publishedPortChains(options.mesh !== false),
      ...outwardTranslationChains,
      ...forwardChains,
    ],
  };
}

/** The tables that a host has whatever networks there are. @param options `relay` as {@link relayTable} has it. */
export function hostTables(options: HostTableOptions & RelayTableOptions): readonly TableDefinition[] {
  return [hostTable(options), relayTable(options)];
}

/** True for the name of one of {@link hostTables}. */
export function isHostTable(name: string): boolean {
  return name === tableName || name === relayTableName;
}
