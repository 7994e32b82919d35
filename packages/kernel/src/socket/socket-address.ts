import { ByteWriter, familyOf, type IpAddress, ipFromBytes, ipToBytes } from '@fairlead/base';

/** Address families of the socket calls. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/** sockaddr_in or sockaddr_in6 of an address and port (ip(7), ipv6(7)). */
export function socketAddressOf(address: IpAddress, port: number): Uint8Array {
  const isV4 = familyOf(address) === 4;
  const writer = new ByteWriter(28).u16(isV4 ? AF_INET : AF_INET6).u16be(port);
  if (isV4) return writer.bytes(ipToBytes(address)).zeros(8).finish();
  return writer.u32(0).bytes(ipToBytes(address)).u32(0).finish();
}

/** The inverse of {@link socketAddressOf}; the scope of a link-local address is left out. */
export function readSocketAddress(bytes: Uint8Array): { readonly address: IpAddress; readonly port: number } {
  const isV4 = bytes[0] === AF_INET;
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  return { address: ipFromBytes(isV4 ? bytes.subarray(4, 8) : bytes.subarray(8, 24)), port };
}
