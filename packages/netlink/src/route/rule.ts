import { addressOf, ByteReader, ipFromBytes, ipToBytes, type Prefix, parsePrefix, prefixLength } from '@fairlead/base';
import { Attributes, type AttributeWriter } from '../attribute.ts';
import { encodeMessage, type Message, messageFlag } from '../message.ts';
import type { NamespaceName, RuleObject } from '../object/kernel-object.ts';
import { withoutUndefined } from './link-details.ts';
import { addressFamily, createFlags, familyNumber, routeMessage } from './message-types.ts';

/** Rule attributes (FRA_*, include/uapi/linux/fib_rules.h). */
export const ruleAttribute = {
  destination: 1,
  source: 2,
  incoming: 3,
  priority: 6,
  mark: 10,
  suppress: 14,
  table: 15,
  mask: 16,
  outgoing: 17,
  layer3: 19,
  users: 20,
  protocol: 21,
  transport: 22,
  sourcePorts: 23,
  destinationPorts: 24,
} as const;
/** FIB_RULE_INVERT. */
export const INVERT = 2;
/** FRA_SUPPRESS_PREFIXLEN that suppresses nothing. */
const SUPPRESS_NOTHING = 0xffff_ffff;
/** FR_ACT_TO_TBL: look the route up in a table. */
export const ACTION_TABLE = 1;
/** RTPROT_STATIC. */
export const RULE_STATIC = 4;
/** RT_TABLE_UNSPEC in the header: the attribute has the number. */
const COMPAT_TABLE = 0;
/** Bytes of fib_rule_hdr. */
export const ruleHeaderLength = 12;

/** Message that adds a policy-routing rule. */
export function addRuleMessage(rule: RuleObject): Uint8Array {
  return encodeRule(routeMessage.newRule, createFlags, rule);
}

/** Message that removes the rule with exactly these properties. */
export function removeRuleMessage(rule: RuleObject): Uint8Array {
  return encodeRule(routeMessage.deleteRule, messageFlag.acknowledge, rule);
}

function encodeRule(type: number, flags: number, rule: RuleObject): Uint8Array {
  const { family, from, to, table, priority, incoming, outgoing, mark, inverted, suppress } = rule;
  return encodeMessage(type, flags, (writer) => {
    writer.header.u8(familyNumber(family)).u8(lengthOf(to)).u8(lengthOf(from)).u8(0);
    writer.header
      .u8(table > 255 ? COMPAT_TABLE : table)
      .u16(0)
      .u8(ACTION_TABLE)
      .u32(inverted === true ? INVERT : 0);
    writePrefix(writer, ruleAttribute.destination, to);
    writePrefix(writer, ruleAttribute.source, from);
    if (incoming !== undefined) writer.text(ruleAttribute.incoming, incoming);
    if (outgoing !== undefined) writer.text(ruleAttribute.outgoing, outgoing);
    writer.u32(ruleAttribute.priority, priority);
    if (mark !== undefined) writer.u32(ruleAttribute.mark, mark.value).u32(ruleAttribute.mask, mark.mask);
    if (suppress !== undefined) writer.u32(ruleAttribute.suppress, suppress);
    writer.u32(ruleAttribute.table, table).u8(ruleAttribute.protocol, RULE_STATIC);
  });
}

function lengthOf(prefix: Prefix | undefined): number {
  return prefix === undefined ? 0 : prefixLength(prefix);
}

function writePrefix(writer: AttributeWriter, type: number, prefix: Prefix | undefined): void {
  if (prefix !== undefined) writer.bytes(type, ipToBytes(addressOf(prefix)));
}

/** Request for all rules of a family. */
export function dumpRulesMessage(family: 4 | 6): Uint8Array {
  return encodeMessage(routeMessage.getRule, messageFlag.dump, (writer) => {
    writer.header.u8(familyNumber(family)).zeros(ruleHeaderLength - 1);
  });
}

/** Read an RTM_NEWRULE message; `undefined` for rules that do something else than naming a table. */
export function decodeRule(message: Message, namespace: NamespaceName): RuleObject | undefined {
  const header = decodeRuleHeader(message.body);
  if (header.action !== ACTION_TABLE) return undefined;
  const attributes = new Attributes(message.body.subarray(ruleHeaderLength));
  const isNarrowed = header.service !== 0 || narrowing.some((type) => attributes.bytes(type) !== undefined);
  return withoutUndefined<RuleObject>({
    kind: 'rule',
    namespace,
    family: header.family,
    priority: attributes.u32(ruleAttribute.priority) ?? 0,
    table: attributes.u32(ruleAttribute.table) ?? header.table,
    from: prefixIn(attributes, ruleAttribute.source, header.sourceLength),
    to: prefixIn(attributes, ruleAttribute.destination, header.destinationLength),
    incoming: attributes.text(ruleAttribute.incoming),
    outgoing: attributes.text(ruleAttribute.outgoing),
    mark: markIn(attributes),
    inverted: (header.flags & INVERT) !== 0 ? true : undefined,
    suppress: suppressedIn(attributes),
    narrowed: isNarrowed ? true : undefined,
  });
}

/** What a rule does with packets that fit it (FR_ACT_*). */
const actions = { 1: 'table', 6: 'blackhole', 7: 'unreachable', 8: 'prohibit' } as const;

/** Any rule in short, those that refuse packets as well. */
export interface RuleOutline {
  readonly priority: number;
  readonly action: (typeof actions)[keyof typeof actions] | 'other';
  /** Table that is asked. */
  readonly table: number;
}

/** Read an RTM_NEWRULE message of any kind, without what the rule is about. */
export function outlineRule(message: Message): RuleOutline {
  const header = decodeRuleHeader(message.body);
  const attributes = new Attributes(message.body.subarray(ruleHeaderLength));
  const known: Readonly<Record<number, RuleOutline['action']>> = actions;
  return {
    priority: attributes.u32(ruleAttribute.priority) ?? 0,
    action: known[header.action] ?? 'other',
    table: attributes.u32(ruleAttribute.table) ?? header.table,
  };
}

/** What a rule may be about that no {@link RuleObject} can say. */
const narrowing = [
  ruleAttribute.layer3,
  ruleAttribute.users,
  ruleAttribute.transport,
  ruleAttribute.sourcePorts,
  ruleAttribute.destinationPorts,
];

/** The parts of fib_rule_hdr that we use. */
export interface RuleHeader {
  readonly family: 4 | 6;
  readonly destinationLength: number;
  readonly sourceLength: number;
  /** Type of service, if the rule is for one. */
  readonly service: number;
  readonly table: number;
  readonly action: number;
  readonly flags: number;
}

/** Read the fixed part of a rule message. */
export function decodeRuleHeader(body: Uint8Array): RuleHeader {
  const reader = new ByteReader(body);
  const family = reader.u8() === addressFamily.ipv6 ? 6 : 4;
  const destinationLength = reader.u8();
  const sourceLength = reader.u8();
  const [service, table] = [reader.u8(), reader.u8()];
  return { family, destinationLength, sourceLength, service, table, action: reader.skip(2).u8(), flags: reader.u32() };
}

/** The prefix in an attribute whose length is in the header. */
export function prefixIn(attributes: Attributes, type: number, length: number): Prefix | undefined {
  const bytes = attributes.bytes(type);
  return bytes && parsePrefix(`${ipFromBytes(bytes)}/${length}`);
}

/** The packet mark that a rule asks for; a mark of 0 without a mask is none. */
/** Up to which length of prefix routes do not count; `undefined` when all do. */
export function suppressedIn(attributes: Attributes): number | undefined {
  const length = attributes.u32(ruleAttribute.suppress);
  return length === SUPPRESS_NOTHING ? undefined : length;
}

export function markIn(attributes: Attributes): { value: number; mask: number } | undefined {
  const value = attributes.u32(ruleAttribute.mark);
  const mask = attributes.u32(ruleAttribute.mask);
  if (value === undefined && mask === undefined) return undefined;
  return { value: value ?? 0, mask: mask ?? 0xffffffff };
}
