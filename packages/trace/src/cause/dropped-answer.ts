import type { IpAddress } from '@fairlead/base';
import type { NamespaceName } from '@fairlead/netlink';
import type { Cause, Fix, RuleStep } from '../model/report.ts';
import { acceptBefore } from './accept-fixes.ts';
import { removalFix, ruleText } from './row.ts';

/** What was seen of an answer of a name server that did not get to who asked. */
export interface DroppedAnswer {
  /** The kernel's function. */
  readonly function: string;
  /** Absent where it could not be seen: the older iptables tells of none. */
  readonly rule?: RuleStep;
}

/** Who asked, and whom. */
export interface AskedServer {
  readonly name: string;
  readonly namespace: NamespaceName;
  readonly server: IpAddress;
}

/** Why the answer of a name server is not heard, when a rule of the asker's own namespace drops it. */
export function explainDroppedAnswer(
  { function: where, rule }: DroppedAnswer,
  { name, namespace, server }: AskedServer,
): { readonly cause: Cause; readonly fixes: readonly Fix[] } {
  const evidence = [`kernel: NETFILTER_DROP in ${where} (${name}): UDP from ${server}`];
  if (rule === undefined) {
    const text = `A firewall in ${name} drops what the name service of the engine (${server}) answers; which rule does could not be seen.`;
    return { cause: { code: 'firewall', text, evidence }, fixes: [] };
  }
  const { owner, family, table, chain, kind, handle, text: says } = rule;
  const whose = owner === 'somebody else' ? `table ${family} ${table}` : `${owner} (table ${family} ${table})`;
  const which = kind === 'policy' ? "no rule accepted it, and the chain's policy is drop" : `rule: ${says}`;
  const selector = server.includes(':') ? 'ip6 saddr' : 'ip saddr';
  const front = acceptBefore(rule, namespace, [[{ match: [selector], with: { value: server } }]]);
  const isRule = kind === 'rule' && handle !== undefined;
  return {
    cause: {
      code: kind === 'policy' ? 'foreign-policy' : 'foreign-rule',
      text: `In ${name}, ${whose}, chain ${chain}, drops what the name service of the engine (${server}) answers: ${which}. So names are asked for, and no answer is heard.`,
      evidence: [...evidence, `nft trace: ${ruleText(rule)}`],
    },
    fixes: isRule ? [front, removalFix(rule, 'everything that it was meant to stop', namespace)] : [front],
  };
}
