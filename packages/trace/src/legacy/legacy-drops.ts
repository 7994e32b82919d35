import type { LegacyRules } from './legacy-rules.ts';

/** A rule of the older iptables that drops, or a policy, and that has met packets between two looks. */
export interface LegacyDrop {
  /** `ip filter`. */
  readonly table: string;
  readonly chain: string;
  /** Built-in chains from which it is come to. */
  readonly hooks: readonly string[];
  /** As iptables-save writes it; `policy DROP`. */
  readonly text: string;
}

/** What ends a packet, or may: a program decides about those in a queue. */
const dropping: ReadonlySet<string> = new Set(['DROP', 'REJECT', 'NFQUEUE']);

/** The rules and policies that have dropped something between two looks. */
export function legacyDrops(before: readonly LegacyRules[], after: readonly LegacyRules[]): LegacyDrop[] {
  return after.flatMap((table) => {
    const earlier = before.find((each) => each.table === table.table);
    return [...rulesThatDropped(earlier, table), ...policiesThatDropped(earlier, table)];
  });
}

function rulesThatDropped(before: LegacyRules | undefined, after: LegacyRules): LegacyDrop[] {
  const counts = new Map((before?.rules ?? []).map(({ signature, packets }) => [signature, packets]));
  return after.rules
    .filter(({ target, packets, signature }) => dropping.has(target) && packets > (counts.get(signature) ?? 0n))
    .map(({ chain, text }) => ({ table: after.table, chain, hooks: hooksOf(after, chain), text }));
}

function policiesThatDropped(before: LegacyRules | undefined, after: LegacyRules): LegacyDrop[] {
  return [...after.decided].flatMap(([chain, packets]) =>
    after.policies.get(chain) === 'DROP' && packets > (before?.decided.get(chain) ?? 0n)
      ? [{ table: after.table, chain, hooks: [chain], text: 'policy DROP' }]
      : [],
  );
}

/** Chains of users may be called from several, and from each other. */
function hooksOf(table: LegacyRules, chain: string, seen: ReadonlySet<string> = new Set()): string[] {
  if (table.policies.get(chain) !== '-') return [chain];
  if (seen.has(chain)) return [];
  const callers = new Set(table.rules.filter(({ target }) => target === chain).map((rule) => rule.chain));
  const hooks = [...callers].flatMap((caller) => hooksOf(table, caller, new Set([...seen, chain])));
  return [...new Set(hooks)];
}
