import {
  FairleadError,
  ipFromBytes,
  ipToBytes,
  macFromBytes,
  macToBytes,
  parseIpAddress,
  parseMacAddress,
} from '@fairlead/base';
import type { FieldType } from './definition.ts';

/** How one field of a set's key or data is numbered, laid out and written. */
export interface Field {
  /** nft's own number of the data type; the kernel only keeps it (nftables, include/datatype.h). */
  readonly id: number;
  /** Bytes, without padding. */
  readonly length: number;
  /** Hint in a set's userdata from which `nft list` knows how to read single-field keys. */
  readonly byteOrder: 'host' | 'big';
  /** The bytes may be given out again: to be read only. */
  readonly encode: (text: string) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => string;
  /** The field inside a braced element list, where interface names are quoted. */
  readonly format: (text: string) => string;
}

/** nft's number of integers that have no type of their own. */
const INTEGER = 4;

/** Longest interface name with its terminator (IFNAMSIZ). */
const IFNAMSIZ = 16;

/** Names that nft prints for protocol numbers. */
const protocolNames: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, 'ipv6-icmp': 58, sctp: 132 };

const same = (text: string): string => text;
const quote = (text: string): string => `"${text}"`;

/** Every data type that our sets use. */
export const fields: Readonly<Record<FieldType, Field>> = {
  ipv4_addr: { id: 7, length: 4, byteOrder: 'big', encode: encodeIp(4), decode: ipFromBytes, format: same },
  ipv6_addr: { id: 8, length: 16, byteOrder: 'big', encode: encodeIp(16), decode: ipFromBytes, format: same },
  ether_addr: {
    id: 9,
    length: 6,
    byteOrder: 'host',
    encode: (text) => macToBytes(parseMacAddress(text)),
    decode: macFromBytes,
    format: same,
  },
  inet_proto: { id: 12, length: 1, byteOrder: 'big', encode: encodeProtocol, decode: decodeProtocol, format: same },
  inet_service: { id: 13, length: 2, byteOrder: 'big', encode: encodePort, decode: decodePort, format: same },
  '@th,64,128': {
    id: INTEGER,
    length: 16,
    byteOrder: 'big',
    encode: encodeIp(16),
    decode: ipFromBytes,
    format: (text) => `0x${encodeIp(16)(text).toHex()}`,
  },
  // Drawn without an order of bytes; in network order, for intervals are searched so.
  'meta random': {
    id: INTEGER,
    length: 4,
    byteOrder: 'host',
    encode: encodeNumber,
    decode: decodeNumber,
    format: same,
  },
  mark: { id: 19, length: 4, byteOrder: 'host', encode: encodeMark, decode: decodeMark, format: same },
  ifname: { id: 41, length: IFNAMSIZ, byteOrder: 'host', encode: encodeName, decode: decodeName, format: quote },
};

/** Bytes that a field takes inside a concatenation: registers have four. */
export function paddedLength(type: FieldType): number {
  return (fields[type].length + 3) & ~3;
}

/** Bytes of a key or of data made of these fields. */
export function totalLength(types: readonly FieldType[]): number {
  const [first] = types;
  if (types.length === 1 && first !== undefined) return fields[first].length;
  return types.reduce((sum, type) => sum + paddedLength(type), 0);
}

/** nft's number of a concatenated type: six bits for each field (nftables, src/datatype.c, concat_subtype_add). */
export function typeNumber(types: readonly FieldType[]): number {
  return types.reduce((number, type) => (number << 6) | fields[type].id, 0);
}

/**
 * The inverse of {@link typeNumber}.
 *
 * @param length bytes of all of them together: fields without a name of their own differ in nothing else.
 * @throws FairleadError `invalid-argument` for a type that we never use.
 */
export function typesOf(number: number, length: number): FieldType[] {
  const types: FieldType[] = [];
  for (let rest = number; rest !== 0; rest >>>= 6) types.unshift(typeWithId(rest & 63));
  if (totalLength(types) === length) return types;
  return types.map((type) => (fields[type].id === INTEGER ? 'meta random' : type));
}

/** The bytes of several fields one after the other, each padded when there are several. */
export function encodeFields(types: readonly FieldType[], texts: readonly string[]): Uint8Array {
  if (types.length !== texts.length) throw invalid(`${types.join(' . ')} cannot hold ${texts.join(' . ')}`);
  const bytes = new Uint8Array(totalLength(types));
  let offset = 0;
  types.forEach((type, index) => {
    bytes.set(fields[type].encode(texts[index] ?? ''), offset);
    offset += paddedLength(type);
  });
  return bytes;
}

/** The inverse of {@link encodeFields}. */
export function decodeFields(types: readonly FieldType[], bytes: Uint8Array): string[] {
  if (bytes.length !== totalLength(types)) throw invalid(`${types.join(' . ')} does not have ${bytes.length} bytes`);
  let offset = 0;
  return types.map((type) => {
    const text = fields[type].decode(bytes.subarray(offset, offset + fields[type].length));
    offset += paddedLength(type);
    return text;
  });
}

/** The first of those that share a number. */
const typesById = new Map(
  Object.keys(fields)
    .filter(isFieldType)
    .map((type) => [fields[type].id, type] as const)
    .toReversed(),
);

function typeWithId(id: number): FieldType {
  return typesById.get(id) ?? fail(id);
}

function fail(id: number): never {
  throw invalid(`unknown nftables data type ${id}`);
}

/** True for the name of a data type that our sets use. */
function isFieldType(name: string): name is FieldType {
  return name in fields;
}

/** The ports of a container lead to one address: to read it for each of them would be half of what an element costs. */
function encodeIp(length: 4 | 16): (text: string) => Uint8Array {
  let last: { readonly text: string; readonly bytes: Uint8Array } | undefined;
  return (text) => {
    if (last?.text === text) return last.bytes;
    const bytes = ipToBytes(parseIpAddress(text));
    if (bytes.length !== length) throw invalid(`wrong address family: ${text}`);
    last = { text, bytes };
    return bytes;
  };
}

function encodeProtocol(text: string): Uint8Array {
  return Uint8Array.of(protocolNames[text] ?? parseNumber(text, 255));
}

function decodeProtocol(bytes: Uint8Array): string {
  const number = bytes[0] ?? 0;
  return Object.keys(protocolNames).find((name) => protocolNames[name] === number) ?? `${number}`;
}

function encodePort(text: string): Uint8Array {
  const port = parseNumber(text, 65535);
  return Uint8Array.of(port >> 8, port & 255);
}

function decodePort([high = 0, low = 0]: Uint8Array): string {
  return `${(high << 8) | low}`;
}

/** Marks are in host order, as in the packet's own structure. */
function encodeMark(text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, parseNumber(text, 0xffff_ffff), true);
  return bytes;
}

function decodeMark(bytes: Uint8Array): string {
  const mark = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  return `0x${mark.toString(16).padStart(8, '0')}`;
}

function encodeNumber(text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, parseNumber(text, 0xffff_ffff));
  return bytes;
}

function decodeNumber(bytes: Uint8Array): string {
  return `${new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)}`;
}

function encodeName(text: string): Uint8Array {
  const name = new TextEncoder().encode(text);
  if (name.length === 0 || name.length >= IFNAMSIZ) throw invalid(`invalid interface name: ${text}`);
  const bytes = new Uint8Array(IFNAMSIZ);
  bytes.set(name);
  return bytes;
}

function decodeName(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function parseNumber(text: string, largest: number): number {
  const value = /^(0x[0-9a-f]+|\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= largest)) throw invalid(`not a number up to ${largest}: ${text}`);
  return value;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
