import { Attributes } from '../attribute.ts';
import { type Message, messageFlag } from '../message.ts';
import type { TableFamily } from './definition.ts';
import { nftMessage, nftType } from './nft-message.ts';

/** Families that tables of others can have. */
export type RulesetFamily = TableFamily | 'arp';

const families: Readonly<Record<number, RulesetFamily>> = {
  1: 'inet',
  2: 'ip',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  10: 'ip6',
};

/** Hooks of each family by number (enum nf_inet_hooks, nf_dev_hooks, nf_arp_hooks). */
const inetHooks = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress'];
const hookNames: Readonly<Record<RulesetFamily, readonly string[]>> = {
  inet: inetHooks,
  ip: inetHooks,
  ip6: inetHooks,
  bridge: inetHooks,
  netdev: ['ingress', 'egress'],
  arp: ['input', 'output'],
};

/** Family of a table, a chain, a rule or a trace message. */
export function rulesetFamily(message: Message): RulesetFamily {
  return families[message.body[0] ?? 0] ?? 'inet';
}

/** A chain of anybody's. */
export interface ChainSummary {
  readonly family: RulesetFamily;
  readonly table: string;
  readonly chain: string;
  /** Of a base chain. */
  readonly hook?: string;
  readonly priority?: number;
  readonly policy?: 'accept' | 'drop';
}

/** Request for all chains of a namespace. */
export function dumpChainsMessage(): Uint8Array {
  return nftMessage(nftType.getChain, messageFlag.dump, 'any');
}

/** Read NFT_MSG_NEWCHAIN. */
export function summarizeChain(message: Message): ChainSummary {
  const attributes = new Attributes(message.body.subarray(4));
  const family = rulesetFamily(message);
  const base = { family, table: attributes.text(1) ?? '', chain: attributes.text(3) ?? '' };
  const hook = attributes.nested(4);
  if (hook === undefined) return base;
  return {
    ...base,
    hook: hookNames[family][hook.u32be(1) ?? 0] ?? `hook ${hook.u32be(1)}`,
    priority: (hook.u32be(2) ?? 0) | 0,
    policy: attributes.u32be(5) === 0 ? 'drop' : 'accept',
  };
}
