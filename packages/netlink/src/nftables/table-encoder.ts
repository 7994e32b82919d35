import type { AttributeWriter } from '../attribute.ts';
import type { BatchRequest } from '../connection.ts';
import { messageFlag } from '../message.ts';
import type {
  ChainDefinition,
  FieldType,
  HookName,
  RuleDefinition,
  SetDefinition,
  TableDefinition,
  TableFamily,
} from './definition.ts';
import { encodeExpressions } from './expression-codec.ts';
import { fields, totalLength, typeNumber } from './field.ts';
import { nftMessage, nftType } from './nft-message.ts';
import { compileRule } from './rule-compiler.ts';
import { encodeTypeof, typeofSelectors } from './typeof-userdata.ts';
import { encodeComment, encodeSetUserdata, type SetByteOrder } from './userdata.ts';

/** Flags of tables and sets (NFT_TABLE_F_*, NFT_SET_*). */
export const tableFlag = { owner: 2, persist: 4 } as const;
export const setFlag = { anonymous: 1, constant: 2, interval: 4, map: 8, concatenation: 0x80 } as const;

/** enum nf_inet_hooks, and of netdev enum nf_dev_hooks. */
export const hookNumbers: Readonly<Record<HookName, number>> = {
  prerouting: 0,
  input: 1,
  forward: 2,
  output: 3,
  postrouting: 4,
  ingress: 0,
};

/** Where a table is. */
export type TableReference = Pick<TableDefinition, 'family' | 'name'>;

/** Where a chain is. */
export interface ChainReference {
  readonly table: TableReference;
  readonly chain: string;
}

/**
 * The requests that make a table with everything in it, for {@link encodeNftBatch}. A table that is there already is
 * added to; to replace it, put {@link encodeTableReplacement} instead.
 */
export function encodeTable(table: TableDefinition): BatchRequest[] {
  const { chains } = table;
  return [
    encodeNewTable(table),
    ...table.sets.map((set, index) => newSet(table, set, index + 1)),
    // All chains before all rules, so that a rule can lead to a chain further down.
    ...chains.map((chain) => newChain(table, chain)),
    ...chains.flatMap((chain) => chain.rules.map((rule) => newRule(table, chain, rule))),
  ];
}

/** The requests that put a table in the place of another one of that name, or of none. */
export function encodeTableReplacement(table: TableDefinition): BatchRequest[] {
  return [encodeNewTable(table), encodeDeleteTable(table), ...encodeTable(table)];
}

/** The table alone, without contents. For a protected table that lost its owner this makes the sender the owner. */
export function encodeNewTable(table: TableReference & Pick<TableDefinition, 'comment' | 'protected'>): BatchRequest {
  const flags = table.protected === true ? tableFlag.owner | tableFlag.persist : 0;
  return request(
    `add table ${table.family} ${table.name}`,
    nftType.newTable,
    messageFlag.create,
    table.family,
    (writer) => {
      writer.text(1, table.name).u32be(2, flags);
      if (table.comment !== undefined) writer.bytes(6, encodeComment(table.comment));
    },
  );
}

/** Remove a table with all its contents. */
export function encodeDeleteTable({ family, name }: TableReference): BatchRequest {
  return request(`delete table ${family} ${name}`, nftType.deleteTable, 0, family, (writer) => writer.text(1, name));
}

function newSet(table: TableReference, set: SetDefinition, id: number): BatchRequest {
  const kind = set.value === undefined ? 'set' : 'map';
  return request(
    `add ${kind} ${table.family} ${table.name} ${set.name}`,
    nftType.newSet,
    messageFlag.create,
    table.family,
    (writer) => {
      writer.text(1, table.name).text(2, set.name).u32be(3, flagsOf(set));
      writer.u32be(4, typeNumber(set.key)).u32be(5, totalLength(set.key));
      if (set.value !== undefined) writer.u32be(6, typeNumber(set.value)).u32be(7, totalLength(set.value));
      if (isConcatenatedInterval(set)) writer.nested(9, (description) => describeFields(description, set.key));
      writer.u32be(10, id);
      writer.bytes(13, userdataOf(set));
    },
  );
}

function userdataOf(set: SetDefinition): Uint8Array {
  const { key, value, comment } = set;
  const source = typeofSelectors(set);
  return encodeSetUserdata({
    key: byteOrderOf(key),
    data: value && byteOrderOf(value),
    typeof: source && encodeTypeof(source.key),
    dataTypeof: source?.value && encodeTypeof(source.value),
    comment,
  });
}

/** NFTA_SET_DESC_CONCAT: the kernel must know where the intervals' fields are. */
function describeFields(writer: AttributeWriter, key: readonly FieldType[]): void {
  writer.nested(2, (list) => {
    for (const type of key) list.nested(1, (field) => field.u32be(1, fields[type].length));
  });
}

/** True for a set whose elements have a first and a last key rather than an end mark of their own. */
export function isConcatenatedInterval(set: SetDefinition): boolean {
  return set.interval === true && set.key.length > 1;
}

function flagsOf(set: SetDefinition): number {
  const interval = set.interval === true ? setFlag.interval : 0;
  const concatenation = isConcatenatedInterval(set) ? setFlag.concatenation : 0;
  return interval | concatenation | (set.value === undefined ? 0 : setFlag.map);
}

function byteOrderOf(types: readonly FieldType[]): SetByteOrder {
  const [type] = types;
  return type === undefined || types.length > 1 ? 'none' : fields[type].byteOrder;
}

function newChain(table: TableReference, chain: ChainDefinition): BatchRequest {
  const { name, hook, comment } = chain;
  return request(
    `add chain ${table.family} ${table.name} ${name}`,
    nftType.newChain,
    messageFlag.create,
    table.family,
    (writer) => {
      writer.text(1, table.name).text(3, name);
      if (hook !== undefined) {
        writer.text(7, hook.type).u32be(5, hook.policy === 'accept' ? 1 : 0);
        writer.nested(4, (nest) => {
          nest.u32be(1, hookNumbers[hook.hook]).u32be(2, hook.priority);
          if (hook.device !== undefined) nest.text(3, hook.device);
        });
      }
      if (comment !== undefined) writer.bytes(12, encodeComment(comment));
    },
  );
}

function newRule(table: TableDefinition, chain: ChainDefinition, rule: RuleDefinition): BatchRequest {
  const operation = `add rule ${table.family} ${table.name} ${chain.name}`;
  return request(operation, nftType.newRule, messageFlag.create | messageFlag.append, table.family, (writer) => {
    writer.text(1, table.name).text(2, chain.name);
    writer.nested(4, (list) => encodeExpressions(list, compileRule(table, rule.statements)));
    if (rule.comment !== undefined) writer.bytes(7, encodeComment(rule.comment));
  });
}

/** The request that puts a rule before all others of a chain that is there, whoever made it. */
export function encodeRuleInsertion(table: TableReference, chain: string, rule: RuleDefinition): BatchRequest {
  const { family, name } = table;
  const operation = `insert rule ${family} ${name} ${chain}`;
  return request(operation, nftType.newRule, messageFlag.create, family, (writer) => {
    writer.text(1, name).text(2, chain);
    writer.nested(4, (list) => encodeExpressions(list, compileRule({ family, sets: [] }, rule.statements)));
    if (rule.comment !== undefined) writer.bytes(7, encodeComment(rule.comment));
  });
}

function request(
  operation: string,
  type: number,
  flags: number,
  family: TableFamily,
  body: (writer: AttributeWriter) => void,
): BatchRequest {
  return { operation, message: nftMessage(type, flags, family, body) };
}
