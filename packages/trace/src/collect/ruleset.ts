import { errnoOf, type OpenNamespace } from '@fairlead/kernel';
import { type ChainSummary, dumpChainsMessage, type RulesetFamily, summarizeChain } from '@fairlead/netlink';
import { dumpRulesOfTableMessage, type RuleSummary, ruleHandle, summarizeRule } from '@fairlead/netlink/tracing';

/** The chains of a namespace, and the rules of some of its tables. */
export interface Ruleset {
  readonly chains: readonly ChainSummary[];
  readonly rules: readonly RuleSummary[];
}

/** A rule that is to be read. */
export interface WantedRule {
  readonly family: RulesetFamily;
  readonly table: string;
  /** Numbers count for each table. */
  readonly handle?: bigint;
}

interface WantedTable {
  readonly family: RulesetFamily;
  readonly table: string;
  readonly handles: Set<bigint>;
}

/** Read all chains, and those rules that are wanted. Nothing where there is no nftables. */
export function readRuleset(namespace: OpenNamespace, wanted: readonly WantedRule[]): Ruleset {
  const { netfilter } = namespace;
  try {
    const chains = netfilter.execute('list chains', dumpChainsMessage()).map(summarizeChain);
    // Tables of several families may have one name: iptables' and ip6tables' always do.
    const tables = new Map<string, WantedTable>();
    for (const { family, table, handle } of wanted) {
      if (handle === undefined) continue;
      const known = tables.get(`${family} ${table}`) ?? { family, table, handles: new Set() };
      tables.set(`${family} ${table}`, known);
      known.handles.add(handle);
    }
    const rules = [...tables.values()].flatMap(({ family, table, handles }) =>
      netfilter
        .execute(`list table ${family} ${table}`, dumpRulesOfTableMessage(family, table))
        .filter((message) => handles.has(ruleHandle(message)))
        .map(summarizeRule),
    );
    return { chains, rules };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { chains: [], rules: [] };
  }
}
