import type { InterfaceAddress, IpAddress, MacAddress, Prefix } from '@fairlead/base';

/** A route that a server asks for. Without `via` the destination is on the link. */
export interface Route {
  readonly destination: Prefix;
  readonly via?: IpAddress;
}

/** What a LAN tells one of its hosts about itself, in one family. */
export interface HostConfiguration {
  readonly address: InterfaceAddress;
  /** Router by which everything else is reached. */
  readonly gateway?: IpAddress;
  readonly routes: readonly Route[];
  readonly nameServers: readonly IpAddress[];
  /** Domains in which short names are looked for. */
  readonly search: readonly string[];
  /** Octets of a packet. */
  readonly mtu?: number;
}

/** A configuration that is held for a time. Times are milliseconds since the epoch; absent means for ever. */
export interface HostLease extends HostConfiguration {
  /** How it was come by: `slaac` means that the host made the address out of an announced prefix (RFC 4862). */
  readonly source: 'dhcpv4' | 'dhcpv6' | 'slaac';
  /** Who gave it, where it was given. */
  readonly server?: LeaseServer;
  /** T1: from then on the one who gave it is asked to prolong it. */
  readonly renewAt?: number;
  /** T2: from then on anybody is asked. */
  readonly rebindAt?: number;
  readonly expiresAt?: number;
}

/** Whether there is a lease whose time is not over. @param now milliseconds since the epoch. */
export function isGood(lease: HostLease | undefined, now: number): lease is HostLease {
  return lease !== undefined && !isPast(lease.expiresAt, now);
}

/** Whether a time of a lease has come; one that is absent never does. */
export function isPast(time: number | undefined, now: number): boolean {
  return time !== undefined && time <= now;
}

/** A server of DHCP. */
export interface LeaseServer {
  /** What it calls itself: its address, or its DUID in hexadecimal digits. */
  readonly identifier: string;
  /** The hardware address that its answers come from: its own, or that of the relay or router before it. */
  readonly mac: MacAddress;
}

/** Who asks. */
export interface ClientIdentity {
  readonly mac: MacAddress;
  /** Identifies the client for as long as it exists, whatever its hardware addresses (RFC 8415, 11). */
  readonly duid: Uint8Array;
  /** Identifies the interface among those of the client (RFC 4361, RFC 8415, 12). */
  readonly iaid: number;
  /** What the LAN's name server shall call it. */
  readonly hostname: string;
}

/** What of two configurations decides whether a host has to be changed. */
export function configurationOf(lease: HostLease): HostConfiguration {
  const { address, gateway, routes, nameServers, search, mtu } = lease;
  return { address, ...(gateway && { gateway }), routes, nameServers, search, ...(mtu !== undefined && { mtu }) };
}
