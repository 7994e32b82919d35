import { FairleadError } from '@fairlead/base';
import { Attributes, type AttributeWriter, listAttributes } from '../attribute.ts';
import type { BatchRequest } from '../connection.ts';
import { type Message, messageFlag } from '../message.ts';
import type { FieldType, SetDefinition } from './definition.ts';
import { decodeFields, encodeFields, paddedLength, totalLength } from './field.ts';
import { nftMessage, nftType } from './nft-message.ts';
import { isConcatenatedInterval, type TableReference } from './table-encoder.ts';

/** A set and where it is: what the bytes of its elements mean. */
export interface SetSchema {
  readonly table: TableReference;
  readonly set: SetDefinition;
}

/** One element, fields in nft's own text; an interval is `first-last`. */
export interface SetElement {
  readonly key: readonly string[];
  /** Absent for sets. */
  readonly value?: readonly string[];
}

/** What to do with elements. `destroy` accepts that one is gone already (Linux 6.3; nft 1.0.7 in transcripts). */
export type ElementAction = 'add' | 'delete' | 'destroy';

/** NFT_SET_ELEM_INTERVAL_END. */
const INTERVAL_END = 1;
/** The length of an attribute has 16 bits; the rest is for the headers. */
const LARGEST_LIST = 65_000;

const actionTypes = {
  add: nftType.newElement,
  delete: nftType.deleteElement,
  destroy: nftType.destroyElement,
} as const;

/**
 * The requests that add, delete or destroy elements: one, or more when there are many.
 *
 * Adding what is there already with the same value does nothing; with another value it fails with `EEXIST`. Deleting
 * looks at the key only.
 */
export function encodeElements(
  schema: SetSchema,
  action: ElementAction,
  elements: readonly SetElement[],
): BatchRequest[] {
  const { table, set } = schema;
  const { interval, key, value = [] } = set;
  const perElement = 32 + 2 * (totalLength(key) + 12) + totalLength(value);
  const size = Math.max(1, Math.floor(LARGEST_LIST / (interval === true ? 2 * perElement : perElement)));
  const requests: BatchRequest[] = [];
  for (let start = 0; start < elements.length; start += size) {
    const part = elements.slice(start, start + size);
    const sample = `${part[0]?.key.join(' . ')}${part.length > 1 ? ', …' : ''}`;
    const operation = `${action} element ${table.family} ${table.name} ${set.name} { ${sample} }`;
    requests.push({ operation, message: elementsMessage(schema, action, part) });
  }
  return requests;
}

function elementsMessage(
  { table, set }: SetSchema,
  action: ElementAction,
  elements: readonly SetElement[],
): Uint8Array {
  const flags = action === 'add' ? messageFlag.create : 0;
  return nftMessage(actionTypes[action], flags, table.family, (writer) => {
    writer.text(2, set.name).text(1, table.name);
    writer.nested(3, (list) => {
      for (const element of elements) encodeElement(list, set, action === 'add' ? element : { key: element.key });
    });
  });
}

/** Ask for all elements of a set. */
export function encodeElementDump({ table, set }: SetSchema): Uint8Array {
  return nftMessage(nftType.getElement, messageFlag.dump, table.family, (writer) =>
    writer.text(1, table.name).text(2, set.name),
  );
}

/** Write one element: an interval of a single field is two, the second one marking where the interval has ended. */
function encodeElement(list: AttributeWriter, set: SetDefinition, element: SetElement): void {
  if (set.interval !== true) {
    list.nested(1, (writer) => writeElement(writer, set, encodeFields(set.key, element.key), element.value));
    return;
  }
  const { first, last } = boundsOf(set.key, element.key);
  if (isConcatenatedInterval(set)) {
    list.nested(1, (writer) => {
      writeElement(writer, set, first, element.value);
      writer.nested(10, (end) => end.bytes(1, last));
    });
    return;
  }
  list.nested(1, (writer) => writeElement(writer, set, first, element.value));
  const end = successor(last);
  // An interval up to the highest value has no end mark.
  if (end !== undefined)
    list.nested(1, (writer) => writer.u32be(3, INTERVAL_END).nested(1, (key) => key.bytes(1, end)));
}

function writeElement(
  writer: AttributeWriter,
  set: SetDefinition,
  key: Uint8Array,
  value: readonly string[] | undefined,
): void {
  writer.nested(1, (nest) => nest.bytes(1, key));
  const { value: types } = set;
  if (types !== undefined && value !== undefined) writer.nested(2, (nest) => nest.bytes(1, encodeFields(types, value)));
}

/**
 * Read the elements out of the answers to {@link encodeElementDump}, or out of a request to add or delete some.
 *
 * @throws Error for attributes that our elements do not have.
 */
export function decodeElements(set: SetDefinition, messages: readonly Message[]): SetElement[] {
  const raw = messages.flatMap(({ body }) => {
    const list = new Attributes(body.subarray(4)).bytes(3);
    return list === undefined ? [] : listAttributes(list).map(([, bytes]) => readElement(bytes));
  });
  if (set.interval === true && !isConcatenatedInterval(set)) return joinIntervals(set, raw);
  return raw.map((element) => {
    const first = decodeFields(set.key, element.key);
    const last = element.keyEnd === undefined ? first : decodeFields(set.key, element.keyEnd);
    return withValue(
      set,
      first.map((text, index) => intervalText(text, last[index] ?? text)),
      element.value,
    );
  });
}

interface RawElement {
  readonly key: Uint8Array;
  readonly keyEnd: Uint8Array | undefined;
  readonly value: Uint8Array | undefined;
  readonly end: boolean;
}

function readElement(bytes: Uint8Array): RawElement {
  const element = new Attributes(bytes);
  const key = element.nested(1)?.bytes(1);
  if (key === undefined) throw new Error('nftables element without a key');
  const keyEnd = element.nested(10)?.bytes(1);
  const value = element.nested(2)?.bytes(1);
  const end = ((element.u32be(3) ?? 0) & INTERVAL_END) !== 0;
  element.assertAllRead('nftables element');
  return { key, keyEnd, value, end };
}

/** Put beginnings and end marks together; the kernel lists them in an order of its own. */
function joinIntervals(set: SetDefinition, raw: readonly RawElement[]): SetElement[] {
  const [type] = set.key;
  if (type === undefined) return [];
  // Where one interval follows the other its end mark has the key of the next beginning.
  const sorted = [...raw].sort((a, b) => compareBytes(a.key, b.key) || Number(b.end) - Number(a.end));
  return sorted.flatMap((element, index) => {
    if (element.end) return [];
    const next = sorted[index + 1];
    const last = next === undefined ? new Uint8Array(element.key.length).fill(255) : predecessor(next.key);
    const [from = ''] = decodeFields([type], element.key);
    const [to = ''] = decodeFields([type], last);
    return [withValue(set, [intervalText(from, to)], element.value)];
  });
}

function withValue(set: SetDefinition, key: readonly string[], value: Uint8Array | undefined): SetElement {
  return set.value === undefined || value === undefined ? { key } : { key, value: decodeFields(set.value, value) };
}

function intervalText(first: string, last: string): string {
  return first === last ? first : `${first}-${last}`;
}

function boundsOf(types: readonly FieldType[], texts: readonly string[]): { first: Uint8Array; last: Uint8Array } {
  const ends = texts.map((text, index) => splitInterval(types[index], text));
  const first = encodeFields(
    types,
    ends.map(([from]) => from),
  );
  const last = encodeFields(
    types,
    ends.map(([, to]) => to),
  );
  let offset = 0;
  for (const [index, type] of types.entries()) {
    const end = offset + paddedLength(type);
    if (compareBytes(first.subarray(offset, end), last.subarray(offset, end)) > 0) {
      throw new FairleadError('invalid-argument', `interval ends before it begins: ${texts[index]}`);
    }
    offset = end;
  }
  return { first, last };
}

/** Names may contain the dash that stands between the ends of an interval. */
function splitInterval(type: FieldType | undefined, text: string): [string, string] {
  const dash = type === 'ifname' ? -1 : text.indexOf('-', 1);
  // `ipv6-icmp` is one name.
  if (dash < 0 || (type === 'inet_proto' && !/^\d+-\d+$/.test(text))) return [text, text];
  return [text.slice(0, dash), text.slice(dash + 1)];
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const index = a.findIndex((byte, position) => byte !== b[position]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}

/** The next key, as a number in network order; `undefined` after the highest. */
function successor(key: Uint8Array): Uint8Array | undefined {
  const next = key.slice();
  for (let index = next.length - 1; index >= 0; index--) {
    const byte = next[index] ?? 0;
    next[index] = (byte + 1) & 255;
    if (byte < 255) return next;
  }
  return undefined;
}

function predecessor(key: Uint8Array): Uint8Array {
  const previous = key.slice();
  for (let index = previous.length - 1; index >= 0; index--) {
    const byte = previous[index] ?? 0;
    previous[index] = (byte - 1) & 255;
    if (byte > 0) break;
  }
  return previous;
}
