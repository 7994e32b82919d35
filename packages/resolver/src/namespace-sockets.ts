import dgram from 'node:dgram';
import net from 'node:net';
import { type Family, nameServerAddress } from '@fairlead/base';
import type { ServerPorts, Upstream, UpstreamSockets } from '@fairlead/dns';
import {
  boundPort,
  closeDescriptor,
  enterNamespace,
  openDatagramSocket,
  openStreamSocket,
  SystemCallError,
} from '@fairlead/kernel/sockets';

/** The two sockets of a sandbox's server at one address, and where they are bound. */
export interface ServerSockets extends ServerPorts {
  readonly datagram: number;
  readonly stream: number;
}

/**
 * Open the sockets of a name server inside a namespace, on the ports that are preferred or, if those are taken, on any.
 * The IPv6 address need not be there yet.
 *
 * @throws Error `ENOENT` when there is no such namespace; SystemCallError when lo is down in there.
 */
export function openServerSockets(namespacePath: string, family: Family, preferred?: ServerPorts): ServerSockets {
  const where = { family, address: nameServerAddress[family], freebind: family === 6 };
  return enterNamespace(namespacePath, () => {
    const datagram = onPreferredPort(preferred?.udpPort, (port) => openDatagramSocket({ ...where, port }));
    try {
      const stream = onPreferredPort(preferred?.tcpPort, (port) =>
        openStreamSocket({ ...where, port, reuseAddress: true, listen: true }),
      );
      return { datagram, stream, udpPort: boundPort(datagram), tcpPort: boundPort(stream) };
    } catch (error) {
      closeDescriptor(datagram);
      throw error;
    }
  });
}

function onPreferredPort(preferred: number | undefined, open: (port: number) => number): number {
  try {
    return open(preferred ?? 0);
  } catch (error) {
    if (preferred === undefined || !(error instanceof SystemCallError)) throw error;
    return open(0);
  }
}

/** Sockets for asking upstream servers from inside a namespace. */
export function socketsInside(namespacePath: string): UpstreamSockets {
  const familyOf = ({ address }: Upstream) => (address.includes(':') ? 6 : 4);
  return {
    datagram(upstream) {
      const family = familyOf(upstream);
      const descriptor = enterNamespace(namespacePath, () => openDatagramSocket({ family, port: 0 }));
      const socket = dgram.createSocket(`udp${family}`);
      socket.bind({ fd: descriptor });
      return socket;
    },
    stream(upstream) {
      const family = familyOf(upstream);
      const fd = enterNamespace(namespacePath, () => openStreamSocket({ family, port: 0 }));
      const socket = new net.Socket({ fd });
      return socket.connect({ host: upstream.address, port: upstream.port });
    },
  };
}
