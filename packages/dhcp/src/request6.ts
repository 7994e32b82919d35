import { addressOf, type IpAddress, linkLocalAddress, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { datagramFrame } from './datagram.ts';
import { type Dhcp6Message, dhcp6Option, dhcp6Type, encodeDhcp6 } from './dhcp6-message.ts';
import type { ClientIdentity, HostLease } from './lease.ts';

/** What a client says. Everything goes to all servers; the identifier says which one is meant (RFC 8415, 18). */
export interface Request6 {
  readonly type: number;
  /** Address that it has, or would like to have. */
  readonly address?: IpAddress;
  /** DUID of the server that is meant, in hexadecimal digits; absent means any. */
  readonly server?: string;
}

const ALL_SERVERS = parseIpAddress('ff02::1:2');
const ALL_SERVERS_MAC = parseMacAddress('33:33:00:01:00:02');
const wanted = [dhcp6Option.nameServers, dhcp6Option.search] as const;

/** The frame of a message. */
export function request6(
  identity: ClientIdentity,
  { type, address, server }: Request6,
  exchange: { readonly transaction: number; readonly began: number; readonly now: number },
): Uint8Array {
  const { mac, duid, iaid, hostname } = identity;
  const addresses = address === undefined ? [] : [{ address, validSeconds: 0 }];
  const payload = encodeDhcp6({
    type,
    transaction: exchange.transaction,
    client: duid,
    ...(server !== undefined && { server: Uint8Array.fromHex(server) }),
    ...(type !== dhcp6Type.inform && { association: { iaid, renewSeconds: 0, rebindSeconds: 0, addresses } }),
    elapsed: Math.floor(Math.max(0, exchange.now - exchange.began) / 10),
    ...wishes(type, hostname),
    nameServers: [],
    search: [],
  });
  return datagramFrame({
    sourceMac: mac,
    destinationMac: ALL_SERVERS_MAC,
    source: linkLocalAddress(mac),
    destination: ALL_SERVERS,
    sourcePort: 546,
    destinationPort: 547,
    payload,
  });
}

/** What is asked for beside an address; who gives one back or declines it asks for nothing (RFC 8415, 18.2.6 to 18.2.8). */
function wishes(type: number, hostname: string): Pick<Dhcp6Message, 'wanted' | 'hostname'> {
  if (type === dhcp6Type.release || type === dhcp6Type.decline) return {};
  return type === dhcp6Type.inform ? { wanted: [...wanted, dhcp6Option.refresh] } : { wanted, hostname };
}

/** The frame by which a lease is given back (RFC 8415, 18.2.7); `undefined` for an address that nobody gave. */
export function release6(identity: ClientIdentity, lease: HostLease, transaction: number): Uint8Array | undefined {
  if (lease.source !== 'dhcpv6' || lease.server === undefined) return undefined;
  const request = { type: dhcp6Type.release, address: addressOf(lease.address), server: lease.server.identifier };
  return request6(identity, request, { transaction, began: 0, now: 0 });
}
