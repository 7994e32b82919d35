import { createHash } from 'node:crypto';
import {
  addressOf,
  ByteWriter,
  type InterfaceAddress,
  type IpAddress,
  interfaceAddress,
  interfaceIdentifier,
  ipFromBytes,
  ipToBytes,
  type Prefix,
  parseInterfaceAddress,
  prefixContains,
  prefixLength,
} from '@fairlead/base';
import type { Dhcp6Message } from './dhcp6-message.ts';
import type { ClientIdentity, HostLease, LeaseServer } from './lease.ts';
import { type AnnouncedPrefix, FOR_EVER, type RouterAdvertisement } from './router-advertisement.ts';

/** A router's word goes on being taken for true until half of its time is over, but is not asked for more often than so. */
const LEAST_REFRESH_SECONDS = 3;

/** IRT_DEFAULT and IRT_MINIMUM of RFC 8415, 7.6. */
const DEFAULT_REFRESH_SECONDS = 86_400;
const LEAST_INFORMATION_REFRESH_SECONDS = 600;

/** What servers say to those who have an address already (RFC 8415, 18.2.6). */
export type Information = Pick<Dhcp6Message, 'nameServers' | 'search' | 'refreshSeconds'>;

/** What a host knows when it makes its address itself. */
export interface Known {
  /** What it had before: its address is made again, where the router still announces its prefix. */
  readonly lease?: HostLease;
  /** How many addresses that it has made were another's. */
  readonly conflicts: number;
  readonly information?: Information;
}

/**
 * The address that a host makes out of a prefix that a router announces (RFC 4862, 5.5.3), with all that the router says;
 * `undefined` where it announces none for that. The interface's part is its hardware address's, so that it stays; where that
 * was another's, it is made of who the host is (RFC 7217, 5), and stays with the lease.
 */
export function autonomousLease(
  router: RouterAdvertisement,
  identity: ClientIdentity,
  known: Known,
  now: number,
): HostLease | undefined {
  const all = router.prefixes.filter(isUsable);
  const usable = all.find(({ preferredSeconds }) => preferredSeconds > 0) ?? all[0];
  if (usable === undefined) return undefined;
  const { prefix, validSeconds } = usable;
  const told = toldBeside(router, known);
  const refresh = Math.min(refreshSeconds(router, validSeconds), told?.refreshSeconds ?? FOR_EVER);
  return {
    source: 'slaac',
    address: interfaceAddress(formerIn(prefix, known.lease) ?? madeAddress(prefix, identity, known.conflicts), prefix),
    ...wayOut(router),
    nameServers: [...new Set([...(told?.nameServers ?? []), ...router.nameServers])],
    search: [...new Set([...(told?.search ?? []), ...router.search])],
    ...(refresh < FOR_EVER && { renewAt: now + refresh * 1000 }),
    ...(validSeconds < FOR_EVER && { expiresAt: now + validSeconds * 1000 }),
  };
}

/** RFC 4862, 5.5.3, b to d: an interface's part has 64 bits (RFC 4291, 2.5.1). */
function isUsable({ prefix, autonomous, validSeconds, preferredSeconds }: AnnouncedPrefix): boolean {
  if (!autonomous || validSeconds === 0 || preferredSeconds > validSeconds) return false;
  return prefixLength(prefix) === 64 && !prefix.startsWith('fe80:');
}

function formerIn(prefix: Prefix, lease: HostLease | undefined): IpAddress | undefined {
  const former = lease?.source === 'slaac' ? addressOf(lease.address) : undefined;
  return former !== undefined && prefixContains(prefix, former) ? former : undefined;
}

function madeAddress(prefix: Prefix, { mac, duid, iaid }: ClientIdentity, conflicts: number): IpAddress {
  const network = ipToBytes(addressOf(prefix)).subarray(0, 8);
  if (conflicts === 0) return ipFromBytes(Uint8Array.of(...network, ...interfaceIdentifier(mac)));
  const seed = new ByteWriter(40).bytes(network).bytes(duid).u32be(iaid).u32be(conflicts).finish();
  return ipFromBytes(Uint8Array.of(...network, ...createHash('sha256').update(seed).digest().subarray(0, 8)));
}

/** What servers say now; where none answers, what they said before goes on. */
function toldBeside(router: RouterAdvertisement, { lease, information }: Known): Information | undefined {
  if (information === undefined) return router.otherwise && lease?.source === 'slaac' ? lease : undefined;
  const { refreshSeconds: refresh = DEFAULT_REFRESH_SECONDS } = information;
  return { ...information, refreshSeconds: Math.max(refresh, LEAST_INFORMATION_REFRESH_SECONDS) };
}

/**
 * What a server has given, with what the router of the link says; `undefined` where it has given nothing.
 *
 * DHCPv6 knows neither routers nor lengths of prefixes: both are the router's to say. What it has said of an address that is
 * prolonged goes on while it says nothing.
 *
 * @param known what the router says, and the lease before.
 */
export function lease6(
  message: Dhcp6Message,
  iaid: number,
  server: LeaseServer,
  known: { readonly router?: RouterAdvertisement; readonly lease?: HostLease },
  now: number,
): HostLease | undefined {
  const { router } = known;
  const { association, status = 0 } = message;
  const given = association?.addresses.find(({ validSeconds }) => validSeconds > 0);
  if (status !== 0 || association === undefined || (association.status ?? 0) !== 0) return undefined;
  if (association.iaid !== iaid || given === undefined) return undefined;
  const nameServers = [...message.nameServers, ...(router?.nameServers ?? [])];
  return {
    source: 'dhcpv6',
    ...(router ? { address: onLink(given.address, router), ...wayOut(router) } : asBefore(given.address, known.lease)),
    nameServers: [...new Set(nameServers)],
    search: [...new Set([...message.search, ...(router?.search ?? [])])],
    server,
    ...times(association, given.validSeconds, router, now),
  };
}

/** What the router said when the lease before was made, where that was of the same address; else nothing is known. */
function asBefore(
  given: IpAddress,
  lease: HostLease | undefined,
): Pick<HostLease, 'address' | 'gateway' | 'routes' | 'mtu'> {
  if (lease === undefined || addressOf(lease.address) !== given) return { address: hostAddress(given), routes: [] };
  const { address, gateway, routes, mtu } = lease;
  return { address, ...(gateway && { gateway }), routes, ...(mtu !== undefined && { mtu }) };
}

function wayOut({ router, lifetime, mtu }: RouterAdvertisement): Pick<HostLease, 'gateway' | 'routes' | 'mtu'> {
  return { ...(lifetime > 0 && { gateway: router }), routes: [], ...(mtu !== undefined && { mtu }) };
}

/** With the length of the announced prefix that it is of, else of the address alone. */
function onLink(address: IpAddress, router: RouterAdvertisement): InterfaceAddress {
  const known = router.prefixes.find((announced) => announced.onLink && prefixContains(announced.prefix, address));
  return known === undefined ? hostAddress(address) : interfaceAddress(address, known.prefix);
}

function hostAddress(address: IpAddress): InterfaceAddress {
  return parseInterfaceAddress(`${address}/128`);
}

/** T1 and T2 are a half and eight tenths of the lifetime where the server leaves them open (RFC 8415, 21.4). */
function times(
  { renewSeconds, rebindSeconds }: NonNullable<Dhcp6Message['association']>,
  valid: number,
  router: RouterAdvertisement | undefined,
  now: number,
): Pick<HostLease, 'renewAt' | 'rebindAt' | 'expiresAt'> {
  const isOrdered = renewSeconds > 0 && renewSeconds <= rebindSeconds && rebindSeconds <= valid;
  const [first, second] = isOrdered ? [renewSeconds, rebindSeconds] : [valid / 2, valid * 0.8];
  const refresh = router === undefined ? first : Math.min(first, refreshSeconds(router, valid));
  return {
    ...(refresh < FOR_EVER / 2 && { renewAt: now + refresh * 1000 }),
    ...(valid < FOR_EVER && { rebindAt: now + second * 1000, expiresAt: now + valid * 1000 }),
  };
}

/** When the router is to be asked again, for its own sake and for that of the address. */
function refreshSeconds({ lifetime }: RouterAdvertisement, valid: number): number {
  const own = lifetime > 0 ? lifetime / 2 : FOR_EVER;
  const refresh = Math.min(own, valid < FOR_EVER ? valid / 2 : FOR_EVER);
  return Math.max(refresh, Math.min(LEAST_REFRESH_SECONDS, valid / 2));
}
