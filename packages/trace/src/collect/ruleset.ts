import type { OpenNamespace } from '@fairlead/kernel';
import {
  type ChainSummary,
  dumpChainsMessage,
  dumpRulesOfTableMessage,
  type RuleSummary,
  summarizeChain,
  summarizeRule,
} from '@fairlead/netlink';

/** The chains of a namespace, and the rules of some of its tables. */
export interface Ruleset {
  readonly chains: readonly ChainSummary[];
  readonly rules: readonly RuleSummary[];
}

/** Read all chains, and the rules of the tables of these names. Nothing where there is no nftables. */
export function readRuleset(namespace: OpenNamespace, tables: Iterable<string>): Ruleset {
  try {
    const chains = namespace.netfilter.execute('list chains', dumpChainsMessage()).map(summarizeChain);
    const rules = [...new Set(tables)].flatMap((table) =>
      namespace.netfilter.execute(`list table ${table}`, dumpRulesOfTableMessage(table)).map(summarizeRule),
    );
    return { chains, rules };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { chains: [], rules: [] };
  }
}
