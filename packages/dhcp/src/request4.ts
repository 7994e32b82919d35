import { addressOf, type IpAddress, ipToBytes, type MacAddress, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { datagramFrame } from './datagram.ts';
import { encodeDhcp4 } from './dhcp4-message.ts';
import { dhcp4Option, dhcp4Type } from './dhcp4-option.ts';
import { clientIdentifier } from './identity.ts';
import type { ClientIdentity, HostLease } from './lease.ts';

/** What a client says, and to whom. */
export interface Request4 {
  readonly type: number;
  /** Address that it would like to have, or says it had. */
  readonly requested?: IpAddress;
  /** Identifier of the server whose offer it takes. */
  readonly chosen?: string;
  /** Address that it has and can be reached under. */
  readonly client?: IpAddress;
  /** Absent means everybody. */
  readonly to?: { readonly address: IpAddress; readonly mac: MacAddress };
}

const ANY = parseIpAddress('0.0.0.0');
const EVERYBODY = parseIpAddress('255.255.255.255');
const EVERYBODY_MAC = parseMacAddress('ff:ff:ff:ff:ff:ff');
/** Octets of the largest message that we take: what an Ethernet carries in one packet. */
const LARGEST = Uint8Array.of(0x05, 0xdc);

/** What we ask for. Routes come before routers, as RFC 3442 wants it. */
const wanted = Uint8Array.of(
  dhcp4Option.subnetMask,
  dhcp4Option.routes,
  dhcp4Option.routers,
  dhcp4Option.nameServers,
  dhcp4Option.domainName,
  dhcp4Option.domainSearch,
  dhcp4Option.mtu,
  dhcp4Option.renewalTime,
  dhcp4Option.rebindingTime,
);

/** The frame of a message. It goes out whether the interface has an address or not. */
export function request4(
  identity: ClientIdentity,
  request: Request4,
  exchange: { readonly transaction: number; readonly began: number; readonly now: number },
): Uint8Array {
  const { client = ANY, to } = request;
  const payload = encodeDhcp4({
    kind: 'request',
    transaction: exchange.transaction,
    seconds: Math.floor(Math.max(0, exchange.now - exchange.began) / 1000),
    clientAddress: client,
    yourAddress: ANY,
    mac: identity.mac,
    options: optionsOf(identity, request),
  });
  return datagramFrame({
    sourceMac: identity.mac,
    destinationMac: to?.mac ?? EVERYBODY_MAC,
    source: client,
    destination: to?.address ?? EVERYBODY,
    sourcePort: 68,
    destinationPort: 67,
    payload,
  });
}

/** The frame by which a lease is given back (RFC 2131, 4.4.6); nobody answers it. It needs no interface of the client's. */
export function release4(identity: ClientIdentity, lease: HostLease, transaction: number): Uint8Array | undefined {
  const { server, address } = lease;
  if (server === undefined) return undefined;
  const to = { address: parseIpAddress(server.identifier), mac: server.mac };
  const request = { type: dhcp4Type.release, client: addressOf(address), chosen: server.identifier, to };
  return request4(identity, request, { transaction, began: 0, now: 0 });
}

/**
 * The frame that tells a server that what it has given is another machine's (RFC 2131, 4.4.4); nobody answers it. It goes to
 * everybody, from nobody: there is no address to speak from.
 */
export function decline4(identity: ClientIdentity, lease: HostLease, transaction: number): Uint8Array {
  const chosen = lease.server && { chosen: lease.server.identifier };
  const request = { type: dhcp4Type.decline, requested: addressOf(lease.address), ...chosen };
  return request4(identity, request, { transaction, began: 0, now: 0 });
}

function optionsOf(identity: ClientIdentity, { type, requested, chosen }: Request4): Map<number, Uint8Array> {
  const options = new Map([
    [dhcp4Option.messageType as number, Uint8Array.of(type)],
    [dhcp4Option.clientIdentifier, clientIdentifier(identity)],
  ]);
  if (requested !== undefined) options.set(dhcp4Option.requestedAddress, ipToBytes(requested));
  if (chosen !== undefined) options.set(dhcp4Option.server, ipToBytes(parseIpAddress(chosen)));
  if (type === dhcp4Type.release || type === dhcp4Type.decline) return options;
  options.set(dhcp4Option.largestMessage, LARGEST);
  if (identity.hostname !== '') options.set(dhcp4Option.hostname, new TextEncoder().encode(identity.hostname));
  return options.set(dhcp4Option.wanted, wanted);
}
