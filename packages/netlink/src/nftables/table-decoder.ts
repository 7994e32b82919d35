import { Attributes } from '../attribute.ts';
import type { Message } from '../message.ts';
import type {
  ChainDefinition,
  HookDefinition,
  HookName,
  RuleDefinition,
  SetDefinition,
  TableDefinition,
  TableFamily,
} from './definition.ts';
import { decodeExpressions } from './expression-codec.ts';
import { typesOf } from './field.ts';
import { familyName, nftType } from './nft-message.ts';
import { decompileRule } from './rule-decompiler.ts';
import { hookNumbers, setFlag, tableFlag } from './table-encoder.ts';
import { decodeComment, decodeSetComment } from './userdata.ts';

/** A part of a table and which one it belongs to. */
export interface Part<T> {
  readonly family: TableFamily;
  readonly table: string;
  readonly value: T;
  /** Attributes that nobody looked at; see {@link Attributes.assertAllRead}. */
  readonly attributes: Attributes;
}

/** A rule with the chain it stands in. */
export interface PlacedRule extends RuleDefinition {
  readonly chain: string;
  /** The kernel's number of the rule; absent in requests. */
  readonly handle?: bigint;
}

/** A table without its contents. */
export type TableHead = Omit<TableDefinition, 'family' | 'name' | 'sets' | 'chains'>;

const inetHooks: readonly HookName[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
const deviceHooks: readonly HookName[] = ['ingress'];
const hookTypes = ['filter', 'nat', 'route'] as const;

/** Read NFT_MSG_NEWTABLE. */
export function decodeTableHead(message: Message): Part<TableHead> {
  const attributes = attributesOf(message);
  const flags = attributes.u32be(2) ?? 0;
  const comment = optional(attributes.bytes(6), decodeComment);
  const value = {
    ...(comment === undefined ? {} : { comment }),
    ...((flags & tableFlag.owner) === 0 ? {} : { protected: true }),
  };
  return part(message, attributes, attributes.text(1), value);
}

/** Read NFT_MSG_NEWSET; `undefined` for the anonymous sets that nft makes for `{ a, b }` in a rule. */
export function decodeSet(message: Message): Part<SetDefinition> | undefined {
  const attributes = attributesOf(message);
  const flags = attributes.u32be(3) ?? 0;
  if ((flags & setFlag.anonymous) !== 0) return undefined;
  const known = setFlag.interval | setFlag.map | setFlag.concatenation | setFlag.constant;
  if ((flags & ~known) !== 0) throw new Error(`nftables: unknown set flags ${flags}`);
  const comment = optional(attributes.bytes(13), decodeSetComment);
  // The field layout and the number within the batch follow from the types.
  for (const type of [9, 10]) attributes.has(type);
  const value: SetDefinition = {
    name: attributes.text(2) ?? '',
    key: typesOf(attributes.u32be(4) ?? 0, attributes.u32be(5) ?? 0),
    ...((flags & setFlag.map) === 0 ? {} : { value: typesOf(attributes.u32be(6) ?? 0, attributes.u32be(7) ?? 0) }),
    ...((flags & setFlag.interval) === 0 ? {} : { interval: true }),
    ...(comment === undefined ? {} : { comment }),
  };
  return part(message, attributes, attributes.text(1), value);
}

/** Read NFT_MSG_NEWCHAIN; its rules come in messages of their own. */
export function decodeChain(message: Message): Part<ChainDefinition> {
  const attributes = attributesOf(message);
  const comment = optional(attributes.bytes(12), decodeComment);
  const hook = hookOf(attributes, familyOf(message));
  const value: ChainDefinition = {
    name: attributes.text(3) ?? '',
    ...(comment === undefined ? {} : { comment }),
    ...(hook === undefined ? {} : { hook }),
    rules: [],
  };
  return part(message, attributes, attributes.text(1), value);
}

/**
 * Read NFT_MSG_NEWRULE.
 *
 * @throws Error for a rule that cannot be one of ours.
 */
export function decodeRule(message: Message): Part<PlacedRule> {
  const attributes = attributesOf(message);
  const comment = optional(attributes.bytes(7), decodeComment);
  const handle = attributes.u64be(3);
  const value: PlacedRule = {
    chain: attributes.text(2) ?? '',
    statements: decompileRule(familyOf(message), decodeExpressions(attributes.bytes(4) ?? new Uint8Array())),
    ...(comment === undefined ? {} : { comment }),
    ...(handle === undefined ? {} : { handle }),
  };
  return part(message, attributes, attributes.text(1), value);
}

/**
 * Put tables together from the answers to dumps of tables, sets, chains and rules, in that order. A table that
 * {@link encodeTable} made gives its definition back.
 *
 * @throws Error for rules, sets and types that cannot be ours.
 */
export function decodeTables(messages: readonly Message[]): TableDefinition[] {
  const tables = new Map<
    string,
    { head: Part<TableHead>; sets: SetDefinition[]; chains: Map<string, [ChainDefinition, RuleDefinition[]]> }
  >();
  const find = ({ family, table }: Part<unknown>) => tables.get(`${family} ${table}`);
  for (const message of messages) {
    if (message.type === nftType.newTable) {
      const head = decodeTableHead(message);
      tables.set(`${head.family} ${head.table}`, { head, sets: [], chains: new Map() });
    } else if (message.type === nftType.newSet) {
      const set = decodeSet(message);
      if (set !== undefined) find(set)?.sets.push(set.value);
    } else if (message.type === nftType.newChain) {
      const chain = decodeChain(message);
      find(chain)?.chains.set(chain.value.name, [chain.value, []]);
    } else if (message.type === nftType.newRule) {
      const rule = decodeRule(message);
      const { chain, handle: _, ...definition } = rule.value;
      find(rule)?.chains.get(chain)?.[1].push(definition);
    }
  }
  return [...tables.values()].map(({ head, sets, chains }) => ({
    family: head.family,
    name: head.table,
    ...head.value,
    sets,
    chains: [...chains.values()].map(([chain, rules]) => ({ ...chain, rules })),
  }));
}

/** Numbers of the hooks of netdev are its own. */
function hookOf(attributes: Attributes, family: TableFamily): HookDefinition | undefined {
  const hook = attributes.nested(4);
  if (hook === undefined) return undefined;
  const number = hook.u32be(1);
  const name = (family === 'netdev' ? deviceHooks : inetHooks).find((candidate) => hookNumbers[candidate] === number);
  const type = hookTypes.find((candidate) => candidate === attributes.text(7));
  if (name === undefined || type === undefined) throw new Error(`nftables: unknown hook ${number}`);
  const device = hook.text(3);
  return {
    type,
    hook: name,
    ...(device === undefined ? {} : { device }),
    priority: (hook.u32be(2) ?? 0) | 0,
    policy: attributes.u32be(5) === 0 ? 'drop' : 'accept',
  };
}

function familyOf(message: Message): TableFamily {
  return familyName(message.body[0] ?? 0);
}

function attributesOf(message: Message): Attributes {
  return new Attributes(message.body.subarray(4));
}

function part<T>(message: Message, attributes: Attributes, table: string | undefined, value: T): Part<T> {
  if (table === undefined) throw new Error('nftables message without a table');
  return { family: familyOf(message), table, value, attributes };
}

function optional<T>(bytes: Uint8Array | undefined, decode: (bytes: Uint8Array) => T): T | undefined {
  return bytes && decode(bytes);
}
