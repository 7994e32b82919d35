import { familyOf, type IpAddress, isUnspecified, type PortRange, parseIpAddress } from '@fairlead/base';
import {
  decodeSocket,
  dumpSocketsMessage,
  dumpTcpSocketsMessage,
  NetlinkConnection,
  type SocketDetails,
} from '@fairlead/netlink/sockets';
import { NetlinkSocket } from '../socket/netlink-socket.ts';

/** Ports of addresses of this host. */
export interface AddressPorts extends PortRange {
  readonly protocol: 'tcp' | 'udp';
  /** The wildcard of a family stands for all of its addresses. */
  readonly addresses: readonly IpAddress[];
}

/** A port that somebody has. */
export interface UsedPort {
  readonly port: number;
  /** The one of {@link AddressPorts.addresses} that it is in the way of. */
  readonly address: IpAddress;
}

/**
 * States in which a socket keeps others from its port: servers set SO_REUSEADDR, so connections that outlive them do not.
 * A UDP socket is closed or, when it is connected, established.
 */
const keeping = { tcp: ['listen', 'bound'], udp: ['close', 'established'] } as const;

/** The lowest of the ports that a socket in this thread's namespace is bound to already: what a bind(2) would find. */
export function portInUse({ protocol, addresses, first, last }: AddressPorts): UsedPort | undefined {
  using socket = new NetlinkSocket('diagnosis');
  const connection = new NetlinkConnection(socket);
  const ports = { first, last };
  const requests =
    protocol === 'tcp'
      ? [dumpTcpSocketsMessage(keeping.tcp, ports)]
      : ([4, 6] as const).map((family) => dumpSocketsMessage(family, protocol, keeping.udp, ports));
  const sockets = requests
    .flatMap((request) => connection.execute('list sockets', request))
    .map((message) => decodeSocket(message, protocol))
    .sort((a, b) => a.local.port - b.local.port);
  for (const found of sockets) {
    const address = addresses.find((each) => isInTheWay(found, each));
    if (address !== undefined) return { port: found.local.port, address };
  }
  return undefined;
}

function isInTheWay({ local, v6Only }: SocketDetails, address: IpAddress): boolean {
  // `::ffff:192.0.2.1` is 192.0.2.1.
  const bound = parseIpAddress(local.address);
  if (familyOf(bound) !== familyOf(address)) return familyOf(address) === 4 && isUnspecified(bound) && v6Only !== true;
  return bound === address || isUnspecified(bound) || isUnspecified(address);
}
