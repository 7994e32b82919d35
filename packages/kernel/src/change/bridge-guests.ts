import type { IpAddress } from '@fairlead/base';
import {
  addressIn,
  decodeNeighborAnswer,
  dumpForeignAddressesMessage,
  dumpNeighborsMessage,
  getForwardingMessage,
  type LinkDetails,
  type NeighborAnswer,
  NetlinkConnection,
} from '@fairlead/netlink';
import type { OpenNamespace } from '../namespace/open-namespace.ts';
import { errnoOf } from '../system-call/errno-of.ts';

/** An address that is used behind a port of a bridge. */
export interface Guest {
  readonly port: string;
  readonly address: IpAddress;
  /** The host has met it, and not heard of it for a while: it may be somewhere else by now. */
  readonly isStale?: true;
}

/**
 * Who is behind some ports of a bridge, as far as the kernel knows: the addresses of the other ends of veth pairs, whatever
 * namespace they are in, and those that the host has met behind the other ports.
 */
export function bridgeGuests(
  host: OpenNamespace,
  bridge: string,
  isMeant: (port: Pick<LinkDetails, 'name' | 'alias'>) => boolean,
): Guest[] {
  const links = host.links();
  const index = links.find(({ name }) => name === bridge)?.index;
  const ports = links.filter((link) => index !== undefined && link.masterIndex === index && isMeant(link));
  if (index === undefined || ports.length === 0) return [];
  // Of one that is known twice the better is kept.
  const guests = [...neighborsBehind(host, index, ports), ...addressesBehind(host, ports)];
  return [...new Map(guests.map((guest) => [`${guest.port} ${guest.address}`, guest])).values()];
}

function addressesBehind(host: OpenNamespace, ports: readonly LinkDetails[]): Guest[] {
  using socket = host.openSocket('route');
  try {
    socket.checkStrictly();
  } catch (error) {
    if (errnoOf(error) === 'ENOPROTOOPT') return [];
    throw error;
  }
  const connection = new NetlinkConnection(socket);
  return ports.flatMap(({ name: port, kind, parentIndex, parentNamespaceId }) => {
    if (kind !== 'veth' || parentIndex === undefined || parentNamespaceId === undefined) return [];
    return listed(connection, dumpForeignAddressesMessage(parentNamespaceId, parentIndex)).flatMap((message) => {
      const address = addressIn(message);
      return address === undefined ? [] : [{ port, address }];
    });
  });
}

/** The namespace, or the link in it, may have gone since its port was listed. */
function listed(connection: NetlinkConnection, request: Uint8Array): ReturnType<NetlinkConnection['execute']> {
  try {
    return connection.execute('list addresses behind a port', request);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENODEV' || errno === 'EINVAL' || errno === 'ENONET') return [];
    throw error;
  }
}

/** Neighbours of the host on the bridge whose frames come by one of these ports. */
function neighborsBehind(host: OpenNamespace, bridge: number, ports: readonly LinkDetails[]): Guest[] {
  const names = new Map(ports.map(({ index, name }) => [index, name]));
  const met = host.route.execute('list neighbours', dumpNeighborsMessage()).map(decodeNeighborAnswer);
  return met.flatMap((neighbor) => {
    const { index, address, mac } = neighbor;
    if (index !== bridge || address === undefined || mac === undefined || !isThere(neighbor)) return [];
    const port = names.get(portOf(host, bridge, mac) ?? 0);
    return port === undefined ? [] : [{ port, address, ...(neighbor.state === 'stale' && { isStale: true as const }) }];
  });
}

function isThere({ state }: NeighborAnswer): boolean {
  return state !== 'failed' && state !== 'incomplete' && state !== 'noarp';
}

function portOf(host: OpenNamespace, bridge: number, mac: NonNullable<NeighborAnswer['mac']>): number | undefined {
  try {
    const [answer] = host.route.execute('find forwarding entry', getForwardingMessage(bridge, mac));
    return answer && decodeNeighborAnswer(answer).index;
  } catch (error) {
    // It has not been heard of for a while.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
