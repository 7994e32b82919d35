import type { RuleDefinition, Selector, Statement } from '@fairlead/netlink';
import { type HostSet, openBridgeGroup } from './host-sets.ts';

/** The words that rules of the host's table are written with. */

/** Let the packet pass here; a drop in another table still counts. */
export const accept: Statement = { verdict: 'accept' };
/** Go on behind the jump that led here, at the end of a base chain with its policy. */
export const leave: Statement = { verdict: 'return' };
/** Every drop is counted, so that `nft list` and the flow log can show it. */
export const drop: readonly Statement[] = [{ counter: true }, { verdict: 'drop' }];

/** The packet does not leave the network that it came from. */
export const stays: Statement = { match: ['iifname', 'oifname'], with: { set: 'same_bridge' } };
/** It does. */
export const leaves: Statement = { match: ['iifname', 'oifname'], operator: '!=', with: { set: 'same_bridge' } };
/** It has come in by a bridge, ours or not: hardware has no kind, and is told apart by a look instead of a search. */
export const fromAnyBridge: Statement = is('meta iifkind', 'bridge');
/** By one of ours that has the group of those that may be left. */
export const fromOpenBridge: Statement = is('iifgroup', `${openBridgeGroup}`);
/** It will go out by one that has the group of those that may be entered. */
export const toOpenBridge: Statement = is('oifgroup', `${openBridgeGroup}`);
/** It belongs to a connection that was let through already. */
export const known: Statement = is('ct state', 'established,related');
/** It has come by a published port. */
export const translated: Statement = { match: ['ct status'], with: { value: 'dnat' } };
/** The same, or what it belongs to was let through and has been answered: one look for both. */
export const translatedOrAnswered: Statement = { match: ['ct status'], with: { value: 'seen-reply,dnat' } };

/** Who asks for which port of whom: the key of the sets of ports that are for some askers. */
export function askerAndPort(family: 4 | 6): readonly Selector[] {
  return family === 4
    ? ['ip saddr', 'ip daddr', 'meta l4proto', 'th dport']
    : ['ip6 saddr', 'ip6 daddr', 'meta l4proto', 'th dport'];
}

/** Statements in their order; the comment is shown by `nft list`. */
export function rule(statements: readonly Statement[], comment?: string): RuleDefinition {
  return comment === undefined ? { statements } : { statements, comment };
}

/** What a selector has to be. */
export function is(selector: Selector, value: string): Statement {
  return { match: [selector], with: { value } };
}

/** The packet has come in by an interface of the set. */
export function from(set: HostSet): Statement {
  return { match: ['iifname'], with: { set } };
}

/** It will go out by one. */
export function to(set: HostSet): Statement {
  return { match: ['oifname'], with: { set } };
}
