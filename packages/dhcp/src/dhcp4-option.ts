import {
  ByteReader,
  type IpAddress,
  ipFromBytes,
  ipFromInteger,
  ipToInteger,
  type Prefix,
  prefixOf,
} from '@fairlead/base';
import { searchNames } from './domain-names.ts';
import type { Route } from './lease.ts';
import { decoding, MalformedMessage } from './malformed-message.ts';

/** Options by code; what comes in several pieces is put together (RFC 3396). */
export type Options4 = ReadonlyMap<number, Uint8Array>;

/** Codes of options (RFC 2132, RFC 3397, RFC 3442). */
export const dhcp4Option = {
  subnetMask: 1,
  routers: 3,
  nameServers: 6,
  hostname: 12,
  domainName: 15,
  mtu: 26,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  server: 54,
  wanted: 55,
  message: 56,
  largestMessage: 57,
  renewalTime: 58,
  rebindingTime: 59,
  clientIdentifier: 61,
  domainSearch: 119,
  routes: 121,
} as const;

/** Types of messages (RFC 2132, 9.6). */
export const dhcp4Type = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  acknowledge: 5,
  refuse: 6,
  release: 7,
} as const;

/** The type of a message; `undefined` for one of BOOTP. */
export function typeOf4(options: Options4): number | undefined {
  return options.get(dhcp4Option.messageType)?.[0];
}

/** All addresses of an option; none when it is not there or makes no sense. */
export function addressesIn(options: Options4, code: number): IpAddress[] {
  const value = options.get(code) ?? new Uint8Array();
  if (value.length % 4 !== 0) return [];
  return Array.from({ length: value.length / 4 }, (_, index) => ipFromBytes(value.subarray(index * 4, index * 4 + 4)));
}

/** A number of four octets. */
export function secondsIn(options: Options4, code: number): number | undefined {
  const value = options.get(code);
  return value?.length === 4 ? new ByteReader(value).u32be() : undefined;
}

/** Octets of a packet that the link takes; at least 68 (RFC 2132, 5.1). */
export function mtuIn(options: Options4): number | undefined {
  const value = options.get(dhcp4Option.mtu);
  const mtu = value?.length === 2 ? new ByteReader(value).u16be() : 0;
  return mtu >= 68 ? mtu : undefined;
}

/** Domains to look for names in: the list, or else the one domain. What no name is made of is passed over. */
export function searchIn(options: Options4): string[] {
  const list = searchNames(options.get(dhcp4Option.domainSearch) ?? new Uint8Array());
  if (list.length > 0) return list;
  // Some servers end it with a zero octet.
  const domain = String.fromCharCode(...(options.get(dhcp4Option.domainName) ?? [])).replace(/\0+$/, '');
  return /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/.test(domain) ? [domain.replace(/\.$/, '')] : [];
}

/**
 * Length of the prefix that a mask means; `undefined` when there is none, or one with holes.
 */
export function maskLengthIn(options: Options4): number | undefined {
  const [mask] = addressesIn(options, dhcp4Option.subnetMask);
  if (mask === undefined) return undefined;
  const bits = ipToInteger(mask).toString(2).padStart(32, '0');
  return /^1+0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}

/**
 * Classless static routes (RFC 3442); a router of 0.0.0.0 means that the destination is on the link.
 *
 * @throws MalformedMessage
 */
export function decodeRoutes(octets: Uint8Array): Route[] {
  return decoding('classless routes', () => {
    const reader = new ByteReader(octets);
    const routes: Route[] = [];
    while (reader.remaining > 0) {
      const length = reader.u8();
      if (length > 32) throw new MalformedMessage('classless routes: a prefix that is too long');
      const destination = new Uint8Array(4);
      destination.set(reader.bytes(Math.ceil(length / 8)));
      const via = ipFromBytes(reader.bytes(4));
      routes.push({ destination: maskedPrefix(ipFromBytes(destination), length), ...(via !== '0.0.0.0' && { via }) });
    }
    return routes;
  });
}

/** Bits behind the prefix may be anything on the wire. */
function maskedPrefix(address: IpAddress, length: number): Prefix {
  const host = 32n - BigInt(length);
  return prefixOf(ipFromInteger((ipToInteger(address) >> host) << host, 4), length);
}
