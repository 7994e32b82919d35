import type { Family, IpAddress } from '@fairlead/base';
import type { NamespaceFacts } from '../model/facts.ts';
import type { Fix } from '../model/report.ts';
import { commandIn } from './row.ts';

/** What a rule of policy routing that refuses makes the kernel say (fib4_rule_action, fib6_rule_action). */
const actionOf: Readonly<Record<string, string>> = {
  ENETUNREACH: 'unreachable',
  EINVAL: 'blackhole',
  EACCES: 'prohibit',
};

/** The main table has a way, and is not asked: a rule of policy routing stands before it, or the one that asks it is gone. */
export function policyTrouble(
  { policy, onward, place }: NamespaceFacts,
  address: IpAddress,
  family: Family,
  namespace: string | undefined,
): { readonly text: string; readonly evidence: readonly string[]; readonly fixes: readonly Fix[] } | undefined {
  if (policy?.mainHasWay !== true) return undefined;
  const ip = family === 6 ? 'ip -6' : 'ip';
  const command = (text: string) => commandIn(namespace, text);
  if (!policy.asksMain) {
    return {
      text: `${place} finds no route to ${address}, though its table of routes (main) has one: no rule of policy routing asks that table.`,
      evidence: [`rules of ${place}: none says "lookup main"`],
      fixes: [
        {
          text: 'Give it that rule back',
          commands: [command(`${ip} rule add pref 32766 lookup main`)],
          undo: [command(`${ip} rule del pref 32766 lookup main`)],
        },
      ],
    };
  }
  const action = actionOf[onward?.errno ?? 'ENETUNREACH'];
  const rule = policy.refusing.find((each) => each.action === action);
  if (rule === undefined) return undefined;
  return {
    text: `${place} finds no route to ${address}, though its table of routes (main) has one: a rule of policy routing refuses it before that (preference ${rule.priority}: ${rule.action}).`,
    evidence: [`rules of ${place}: ${rule.priority}: ... ${rule.action}`],
    fixes: [
      {
        text: 'Take the rule away',
        commands: [command(`${ip} rule show pref ${rule.priority}`), command(`${ip} rule del pref ${rule.priority}`)],
        undo: [],
      },
    ],
  };
}
