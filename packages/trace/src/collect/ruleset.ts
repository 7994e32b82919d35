import { errnoOf } from '@fairlead/kernel';
import {
  type ChainSummary,
  dumpChainsMessage,
  type Message,
  type NetlinkConnection,
  type RulesetFamily,
  summarizeChain,
} from '@fairlead/netlink';
import { dumpRulesOfTableMessage, type RuleSummary, ruleHandle, summarizeRule } from '@fairlead/netlink/tracing';

/** The chains of a namespace, and the rules of some of its tables. */
export interface Ruleset {
  readonly chains: readonly ChainSummary[];
  readonly rules: readonly RuleSummary[];
}

/** Whom the rules are asked of: an open namespace. */
export interface RulesetSource {
  readonly netfilter: Pick<NetlinkConnection, 'execute'>;
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

/** Read all chains, and those rules that are wanted. What is not there any more, or never was, is left out. */
export function readRuleset({ netfilter }: RulesetSource, wanted: readonly WantedRule[]): Ruleset {
  const dump = (operation: string, message: Uint8Array): Message[] => {
    try {
      return netfilter.execute(operation, message);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return [];
    }
  };
  const chains = dump('list chains', dumpChainsMessage()).map(summarizeChain);
  const rules = tablesOf(wanted).flatMap(({ family, table, handles }) =>
    dump(`list table ${family} ${table}`, dumpRulesOfTableMessage(family, table))
      .filter((message) => handles.has(ruleHandle(message)))
      .map(summarizeRule),
  );
  return { chains, rules };
}

/** Tables of several families may have one name: iptables' and ip6tables' always do. */
function tablesOf(wanted: readonly WantedRule[]): WantedTable[] {
  const tables = new Map<string, WantedTable>();
  for (const { family, table, handle } of wanted) {
    if (handle === undefined) continue;
    const known = tables.get(`${family} ${table}`) ?? { family, table, handles: new Set() };
    tables.set(`${family} ${table}`, known);
    known.handles.add(handle);
  }
  return [...tables.values()];
}
