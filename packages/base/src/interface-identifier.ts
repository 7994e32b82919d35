import { type IpAddress, ipFromBytes } from './ip-address.ts';
import { type MacAddress, macToBytes } from './mac-address.ts';

/** The half of an IPv6 address that an interface makes out of its hardware address (RFC 4291, appendix A; RFC 2464). */
export function interfaceIdentifier(mac: MacAddress): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macToBytes(mac);
  return Uint8Array.of(a ^ 2, b, c, 0xff, 0xfe, d, e, f);
}

/** The link-local address that the kernel gives an interface by itself. */
export function linkLocalAddress(mac: MacAddress): IpAddress {
  return ipFromBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...interfaceIdentifier(mac)));
}
