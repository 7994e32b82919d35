import { errnoOf, type OpenNamespace } from '@fairlead/kernel';
import {
  type ChainSummary,
  dumpChainsMessage,
  dumpRulesOfTableMessage,
  type RuleSummary,
  ruleHandle,
  summarizeChain,
  summarizeRule,
} from '@fairlead/netlink';

/** The chains of a namespace, and the rules of some of its tables. */
export interface Ruleset {
  readonly chains: readonly ChainSummary[];
  readonly rules: readonly RuleSummary[];
}

/** A rule that is to be read. */
export interface WantedRule {
  readonly table: string;
  /** Numbers count for each table. */
  readonly handle?: bigint;
}

/** Read all chains, and those rules that are wanted. Nothing where there is no nftables. */
export function readRuleset(namespace: OpenNamespace, wanted: readonly WantedRule[]): Ruleset {
  const { netfilter } = namespace;
  try {
    const chains = netfilter.execute('list chains', dumpChainsMessage()).map(summarizeChain);
    const handles = new Map<string, Set<bigint>>();
    for (const { table, handle } of wanted) {
      if (handle !== undefined) handles.set(table, (handles.get(table) ?? new Set()).add(handle));
    }
    const rules = [...handles].flatMap(([table, numbers]) =>
      netfilter
        .execute(`list table ${table}`, dumpRulesOfTableMessage(table))
        .filter((message) => numbers.has(ruleHandle(message)))
        .map(summarizeRule),
    );
    return { chains, rules };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { chains: [], rules: [] };
  }
}
