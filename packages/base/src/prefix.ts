import { FairleadError } from './errors.ts';
import { type Family, familyOf, type IpAddress, ipFromInteger, ipToInteger, tryParseIpAddress } from './ip-address.ts';

declare const prefixBrand: unique symbol;
declare const interfaceAddressBrand: unique symbol;

/** A network in CIDR form without host bits, canonical: `172.17.0.0/16`, `fd00::/64`. */
export type Prefix = string & { readonly [prefixBrand]: true };

/** An address together with the length of its network: `172.17.0.2/16`. Host bits are kept. */
export type InterfaceAddress = string & { readonly [interfaceAddressBrand]: true };

/**
 * Parse a CIDR and cut its host bits off.
 *
 * @throws FairleadError `invalid-argument` when `text` is no CIDR.
 */
export function parsePrefix(text: string): Prefix {
  const { address, length } = split(text);
  return prefixOf(address, length);
}

/**
 * Parse an address with a prefix length, keeping its host bits.
 *
 * @throws FairleadError `invalid-argument` when `text` is no CIDR.
 */
export function parseInterfaceAddress(text: string): InterfaceAddress {
  const { address, length } = split(text);
  return `${address}/${length}` as InterfaceAddress;
}

/** True when `text` is a CIDR, with or without host bits. */
export function isCidr(text: string): boolean {
  return trySplit(text) !== undefined;
}

/** The network of `length` bits that `address` lies in. */
export function prefixOf(address: IpAddress, length: number): Prefix {
  const family = familyOf(address);
  const hostBits = BigInt(familyBits(family) - length);
  return `${ipFromInteger((ipToInteger(address) >> hostBits) << hostBits, family)}/${length}` as Prefix;
}

/** `address` written with the length of `network`. */
export function interfaceAddress(address: IpAddress, network: Prefix): InterfaceAddress {
  return `${address}/${prefixLength(network)}` as InterfaceAddress;
}

/** The address before the slash. */
export function addressOf(cidr: Prefix | InterfaceAddress): IpAddress {
  return cidr.slice(0, cidr.indexOf('/')) as IpAddress;
}

/** The number after the slash. */
export function prefixLength(cidr: Prefix | InterfaceAddress): number {
  return Number(cidr.slice(cidr.indexOf('/') + 1));
}

/** The network that an interface address lies in. */
export function networkOf(address: InterfaceAddress): Prefix {
  return prefixOf(addressOf(address), prefixLength(address));
}

/** Number of bits of an address of this family. */
export function familyBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** IP version of a CIDR. */
export function prefixFamily(cidr: Prefix | InterfaceAddress): Family {
  return cidr.includes(':') ? 6 : 4;
}

/** First and last address of a network, as integers. */
export function prefixBounds(prefix: Prefix): { first: bigint; last: bigint } {
  const first = ipToInteger(addressOf(prefix));
  return { first, last: first + (1n << BigInt(familyBits(prefixFamily(prefix)) - prefixLength(prefix))) - 1n };
}

/** The last address of a network; for IPv4 the broadcast address. */
export function lastAddress(prefix: Prefix): IpAddress {
  return ipFromInteger(prefixBounds(prefix).last, prefixFamily(prefix));
}

/** True when `address` lies in `prefix`. */
export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  if (familyOf(address) !== prefixFamily(prefix)) return false;
  const { first, last } = prefixBounds(prefix);
  const value = ipToInteger(address);
  return value >= first && value <= last;
}

/** True when every address of `inner` lies in `outer`. */
export function prefixCovers(outer: Prefix, inner: Prefix): boolean {
  return prefixLength(outer) <= prefixLength(inner) && prefixContains(outer, addressOf(inner));
}

/** True when the two networks share an address. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return prefixCovers(a, b) || prefixCovers(b, a);
}

function split(text: string): { address: IpAddress; length: number } {
  const parts = trySplit(text);
  if (parts === undefined) throw new FairleadError('invalid-argument', `invalid CIDR address: ${text}`);
  return parts;
}

function trySplit(text: string): { address: IpAddress; length: number } | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match?.[1] === undefined ? undefined : tryParseIpAddress(match[1]);
  const length = Number(match?.[2]);
  if (address === undefined || length > familyBits(familyOf(address))) return undefined;
  return { address, length };
}
