import { Attributes } from '../attribute.ts';
import { type Message, messageFlag } from '../message.ts';
import { type RulesetFamily, rulesetFamily } from './chain-listing.ts';
import { describeInstructions } from './instruction-text.ts';
import { nftMessage, nftType } from './nft-message.ts';
import { formatRule } from './statement-text.ts';
import { decodeRule } from './table-decoder.ts';
import { decodeComment } from './userdata.ts';

/** A rule of anybody's. */
export interface RuleSummary {
  readonly family: RulesetFamily;
  readonly table: string;
  readonly chain: string;
  readonly handle: bigint;
  /** As `nft list` prints it, where we know all of it; otherwise close to that. */
  readonly text: string;
  readonly comment?: string;
  /** True when it answers what it drops. */
  readonly rejects: boolean;
}

/** Request for all rules of the tables of a name, in every family. */
export function dumpRulesOfTableMessage(family: RulesetFamily, table: string): Uint8Array {
  return nftMessage(nftType.getRule, messageFlag.dump, family, (writer) => writer.text(1, table));
}

/** Which rule NFT_MSG_NEWRULE is about, without reading the rest of it. */
export function ruleHandle(message: Message): bigint {
  return new Attributes(message.body.subarray(4)).u64be(3) ?? 0n;
}

/** Read NFT_MSG_NEWRULE. */
export function summarizeRule(message: Message): RuleSummary {
  const attributes = new Attributes(message.body.subarray(4));
  const userdata = attributes.bytes(7);
  const comment = userdata && commentIn(userdata);
  const instructions = attributes.bytes(4) ?? new Uint8Array();
  const text = exactText(message) ?? withComment(describeInstructions(instructions), comment);
  return {
    family: rulesetFamily(message),
    table: attributes.text(1) ?? '',
    chain: attributes.text(2) ?? '',
    handle: attributes.u64be(3) ?? 0n,
    text,
    ...(comment === undefined ? {} : { comment }),
    rejects: /\breject\b|"REJECT"/.test(text),
  };
}

/** `undefined` for a rule that we cannot have made. */
function exactText(message: Message): string | undefined {
  try {
    const { value, family } = decodeRule(message);
    return formatRule(value, family);
  } catch {
    return undefined;
  }
}

/** Other tools keep things of their own in the userdata. */
function commentIn(userdata: Uint8Array): string | undefined {
  try {
    return decodeComment(userdata);
  } catch {
    return undefined;
  }
}

function withComment(text: string, comment: string | undefined): string {
  return comment === undefined ? text : `${text} comment "${comment}"`;
}
