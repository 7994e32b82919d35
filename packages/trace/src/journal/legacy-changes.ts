import type { LegacyRule, LegacyRules } from '../legacy/legacy-rules.ts';

/** Rules that are told in full. */
const DETAILS = 5;

/** What became of a table. */
export interface LegacyChange {
  readonly name: string;
  /** The first rules that were added. */
  readonly details: readonly string[];
}

/** Finds out what others do to tables of the older iptables, by what they are before and after. */
export class LegacyChanges {
  #known = new Map<string, LegacyRules>();

  /** @param tables as they are to begin with. */
  constructor(tables: readonly LegacyRules[]) {
    this.#known = byName(tables);
  }

  /** The tables as they are now. @returns what has changed, for each of them. */
  seen(tables: readonly LegacyRules[]): LegacyChange[] {
    const before = this.#known;
    this.#known = byName(tables);
    return tables.flatMap((table) => changeOf(before.get(table.table), table));
  }
}

function byName(tables: readonly LegacyRules[]): Map<string, LegacyRules> {
  return new Map(tables.map((table) => [table.table, table]));
}

/** A table that is used for the first time has policies that accept, and no rules. */
function changeOf(before: LegacyRules | undefined, after: LegacyRules): LegacyChange[] {
  const { table } = after;
  const added = beyond(after.rules, before?.rules ?? []);
  const removed = beyond(before?.rules ?? [], after.rules);
  const parts = [
    ...policyChanges(before?.policies ?? new Map(), after.policies),
    ...counted(added).map(([chain, count]) => `${rulesText(count)} added to ${chain}`),
    ...counted(removed).map(([chain, count]) => `${rulesText(count)} removed from ${chain}`),
  ];
  if (parts.length === 0) return [];
  return [
    {
      name: `legacy ${table}: ${parts.join(', ')}`,
      details: added.slice(0, DETAILS).map(({ chain, text }) => `${table} ${chain}: ${text}`),
    },
  ];
}

/** The rules that are in the first list more often than in the second. */
function beyond(rules: readonly LegacyRule[], others: readonly LegacyRule[]): LegacyRule[] {
  const counts = new Map<string, number>();
  for (const { signature } of others) counts.set(signature, (counts.get(signature) ?? 0) + 1);
  return rules.filter(({ signature }) => {
    const left = counts.get(signature) ?? 0;
    counts.set(signature, left - 1);
    return left <= 0;
  });
}

function counted(rules: readonly LegacyRule[]): [chain: string, count: number][] {
  return [...Map.groupBy(rules, ({ chain }) => chain)].map(([chain, members]) => [chain, members.length]);
}

function rulesText(count: number): string {
  return `${count} rule${count === 1 ? '' : 's'}`;
}

function policyChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [
    ...[...after].flatMap(([chain, policy]) => {
      const former = before.get(chain) ?? (policy === '-' ? undefined : 'ACCEPT');
      if (former === policy) return [];
      return [policy === '-' ? `chain ${chain} added` : `policy of ${chain} ${former} changed to ${policy}`];
    }),
    ...[...before].filter(([chain]) => !after.has(chain)).map(([chain]) => `chain ${chain} removed`),
  ];
}
