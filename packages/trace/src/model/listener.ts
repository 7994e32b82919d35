import { type IpAddress, isLoopback, isUnspecified } from '@fairlead/base';
import type { SocketDetails } from '@fairlead/netlink/sockets';

/** The socket that a packet to an address and port would reach. With `any`, the address is translated on the way. */
export function listenerAt(
  sockets: readonly SocketDetails[],
  address: IpAddress,
  port: number,
  any = false,
): SocketDetails | undefined {
  const candidates = sockets.filter(({ local }) => local.port === port);
  const exact = candidates.find(({ local }) => local.address === address);
  return exact ?? candidates.find(({ local }) => isUnspecified(local.address) || (any && !isLoopback(local.address)));
}
