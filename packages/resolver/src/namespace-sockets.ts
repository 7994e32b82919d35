import dgram from 'node:dgram';
import net from 'node:net';
import type { IpAddress } from '@fairlead/base';
import type { SandboxPorts, Upstream, UpstreamSockets } from '@fairlead/dns';
import {
  boundPort,
  closeDescriptor,
  enterNamespace,
  openDatagramSocket,
  openStreamSocket,
  SystemCallError,
} from '@fairlead/kernel';

/** The address of name servers inside sandboxes, as Docker has it. */
const SERVER_ADDRESS = '127.0.0.11' as IpAddress;

/** The two sockets of a sandbox's server, and where they are bound. */
export interface ServerSockets extends SandboxPorts {
  readonly datagram: number;
  readonly stream: number;
}

/**
 * Open the sockets of a name server inside a namespace, on the ports that are preferred or, if those are taken, on any.
 *
 * @throws Error `ENOENT` when there is no such namespace; SystemCallError when lo is down in there.
 */
export function openServerSockets(namespacePath: string, preferred?: SandboxPorts): ServerSockets {
  return enterNamespace(namespacePath, () => {
    const datagram = onPreferredPort(preferred?.udpPort, (port) =>
      openDatagramSocket({ family: 4, address: SERVER_ADDRESS, port }),
    );
    try {
      const stream = onPreferredPort(preferred?.tcpPort, (port) =>
        openStreamSocket({ family: 4, address: SERVER_ADDRESS, port, reuseAddress: true, listen: true }),
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
