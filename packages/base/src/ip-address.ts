import { FairleadError } from './errors.ts';

/** IP version. */
export type Family = 4 | 6;

declare const ipAddressBrand: unique symbol;

/**
 * An IPv4 or IPv6 address in its canonical text form (RFC 5952 for IPv6, no zone, no IPv4-mapped tail).
 *
 * Canonical text makes it a plain value: equal exactly when `===`, usable as a key, stored and printed as it is.
 */
export type IpAddress = string & { readonly [ipAddressBrand]: true };

/** Code of the digit 0; that of the dot is lower. */
const ZERO = 48;
const V4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/**
 * Parse either family.
 *
 * @throws FairleadError `invalid-argument` when `text` is no IP address.
 */
export function parseIpAddress(text: string): IpAddress {
  const address = tryParseIpAddress(text);
  if (address === undefined) throw new FairleadError('invalid-argument', `invalid IP address: ${text}`);
  return address;
}

/** Parse either family; `undefined` when `text` is no IP address. IPv4-mapped IPv6 becomes the IPv4 address. */
export function tryParseIpAddress(text: string): IpAddress | undefined {
  if (V4.test(text)) return text as IpAddress;
  const groups = parseGroups(text);
  if (groups === undefined) return undefined;
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}` as IpAddress;
  }
  return formatGroups(groups) as IpAddress;
}

/** IP version of an address. */
export function familyOf(address: IpAddress): Family {
  return address.includes(':') ? 6 : 4;
}

/** Network-order bytes: 4 or 16 of them. */
export function ipToBytes(address: IpAddress): Uint8Array {
  if (familyOf(address) === 4) return Uint8Array.from(address.split('.'), Number);
  return Uint8Array.from((parseGroups(address) ?? []).flatMap((group) => [group >> 8, group & 255]));
}

/**
 * The address held in 4 or 16 network-order bytes.
 *
 * @throws RangeError for any other length.
 */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length === 4) return bytes.join('.') as IpAddress;
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return formatGroups(Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2))) as IpAddress;
}

/** The address as an unsigned integer, for arithmetic. */
export function ipToInteger(address: IpAddress): bigint {
  if (familyOf(address) === 4) return BigInt(ipv4ToNumber(address));
  return ipToBytes(address).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** 32 bits. Read digit by digit: this is asked for every address of every network of a container at each change of it. */
function ipv4ToNumber(address: IpAddress): number {
  let value = 0;
  let byte = 0;
  for (let at = 0; at < address.length; at++) {
    const digit = address.charCodeAt(at) - ZERO;
    if (digit >= 0) byte = byte * 10 + digit;
    else {
      value = value * 256 + byte;
      byte = 0;
    }
  }
  return value * 256 + byte;
}

/** The inverse of {@link ipToInteger}. */
export function ipFromInteger(value: bigint, family: Family): IpAddress {
  const length = family === 4 ? 4 : 16;
  return ipFromBytes(
    Uint8Array.from({ length }, (_, index) => Number((value >> BigInt(8 * (length - 1 - index))) & 255n)),
  );
}

/** `address` moved by `offset`; no check for leaving the address range. */
export function ipPlus(address: IpAddress, offset: bigint | number): IpAddress {
  return ipFromInteger(ipToInteger(address) + BigInt(offset), familyOf(address));
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: IpAddress): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** True for 0.0.0.0 and ::. */
export function isUnspecified(address: IpAddress): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** As it stands in a URL or before a port: IPv6 in brackets. */
export function hostText(address: IpAddress): string {
  return familyOf(address) === 6 ? `[${address}]` : address;
}

function parseGroups(text: string): number[] | undefined {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseHalf);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function parseHalf(text: string): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const last = parts.at(-1) ?? '';
  const tail: number[] = [];
  if (last.includes('.')) {
    if (!V4.test(last)) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = last.split('.').map(Number);
    parts.pop();
    tail.push((a << 8) | b, (c << 8) | d);
  }
  if (!parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return undefined;
  return [...parts.map((part) => Number.parseInt(part, 16)), ...tail];
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatGroups(groups: readonly number[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}
