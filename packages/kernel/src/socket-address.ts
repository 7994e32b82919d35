import { ByteWriter, familyOf, type IpAddress, ipToBytes } from '@fairlead/base';

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
