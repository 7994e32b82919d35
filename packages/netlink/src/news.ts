/**
 * What the kernel tells by itself of links, addresses, routes and rules. A door of its own: only who listens loads it.
 *
 * @module
 */
import {
  ByteReader,
  type ClassicInstruction,
  type IpAddress,
  ipFromBytes,
  type MacAddress,
  macFromBytes,
  classicOpcode as op,
  type Prefix,
  wholePacket,
} from '@fairlead/base';
import { Attributes } from './attribute.ts';
import type { Message } from './message.ts';
import { nftType } from './nftables/nft-message.ts';
import { addressAttribute, addressHeaderLength } from './route/address.ts';
import { FLAG_LOWER_UP, FLAG_UP, linkAttribute, linkHeaderLength } from './route/link-attributes.ts';
import { addressFamily, routeGroup, routeMessage, routingGroups } from './route/message-types.ts';
import { neighborAttribute, neighborFlag, neighborHeaderLength } from './route/neighbor.ts';
import {
  decodeRouteHeader,
  destinationIn,
  localTable,
  mainTable,
  routeAttribute,
  routeHeaderLength,
  routeMetric,
  routeTypes,
} from './route/route.ts';

/** Something that a namespace had and has no more, whoever took it away. */
export type Loss =
  | { readonly kind: 'link'; readonly name: string; readonly how: 'removed' | 'down' | 'released' }
  | { readonly kind: 'address'; readonly address: IpAddress }
  | { readonly kind: 'route'; readonly destination: Prefix }
  | { readonly kind: 'forwarding'; readonly family: 4 | 6 }
  | { readonly kind: 'fdb'; readonly mac: MacAddress }
  | { readonly kind: 'rules'; readonly table: string };

/** A route that somebody has made, we or others. */
export interface RouteArrival {
  readonly kind: 'route-added';
  readonly destination: Prefix;
  /** Absent means the main one. */
  readonly table?: number;
  /** Bytes of the largest packet on this way; absent means the link's. */
  readonly mtu?: number;
}

/** A port of some bridge that somebody is behind now, whosever it is; told as often as anything of it changes. */
export interface PortNews {
  readonly kind: 'port';
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
}

/** A link that is no port and on which somebody can be reached now; told as often as anything of it changes. */
export interface LinkNews {
  readonly kind: 'link-up';
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
}

/** An address that somebody has given the host, we or others. */
export interface AddressArrival {
  readonly kind: 'address-added';
  readonly address: IpAddress;
}

/** Which tables of routes are asked, or what is in others than the main one, is no longer what it was. */
export interface PolicyChange {
  readonly kind: 'policy';
}

/** More has happened than the kernel could keep for who listens (netlink(7), ENOBUFS): anything may have come or gone. */
export interface Unheard {
  readonly kind: 'unheard';
}

/** What is heard of a namespace. */
export type News = Loss | RouteArrival | AddressArrival | PortNews | LinkNews | PolicyChange | Unheard;

/** Multicast groups of NETLINK_ROUTE in which it is told (enum rtnetlink_groups). */
export const newsGroups: readonly number[] = [
  ...routingGroups,
  routeGroup.ipv4Configuration,
  routeGroup.ipv6Configuration,
];

/** Every change of a neighbour and of a bridge's entries, of which {@link lostEntriesOnly} leaves few. */
export const neighborGroup: number = routeGroup.neighbor;

/** Places in a message: its type, and what ndmsg says. */
const place = { type: 4, family: 16, flags: 26 } as const;

/**
 * Keeps the messages that {@link decodeNews} finds a lost entry in: hosts meet neighbours all the time, and nobody is to
 * wake for it.
 */
export const lostEntriesOnly: readonly ClassicInstruction[] = [
  { code: op.loadByte, jt: 0, jf: 0, k: place.type },
  { code: op.ifEqual, jt: 0, jf: 5, k: routeMessage.deleteNeighbor },
  { code: op.loadByte, jt: 0, jf: 0, k: place.family },
  { code: op.ifEqual, jt: 0, jf: 3, k: addressFamily.bridge },
  { code: op.loadByte, jt: 0, jf: 0, k: place.flags },
  { code: op.ifAnyBit, jt: 0, jf: 1, k: neighborFlag.sticky },
  { code: op.return, jt: 0, jf: 0, k: wholePacket },
  { code: op.return, jt: 0, jf: 0, k: 0 },
];

/** ifi_change of a link that has just been made: nothing of it has changed. */
const ALL_FLAGS = 0xffff_ffff;
/** Bytes of netconfmsg with its padding. */
const configurationHeaderLength = 4;
/** NETCONFA_IFINDEX, NETCONFA_FORWARDING, NETCONFA_IFINDEX_ALL (include/uapi/linux/netconf.h). */
const configuration = { index: 1, forwarding: 2, ofAll: -1 } as const;

/** Bytes of nfgenmsg; then the name of the table, which is the first attribute of all that is in one. */
const tableHeaderLength = 4;
const TABLE_NAME = 1;

/**
 * What a notification of NETLINK_ROUTE says is gone, or which route or port has come; `undefined` for all that tell of
 * something else.
 */
export function decodeNews(message: Message): News | undefined {
  switch (message.type) {
    case routeMessage.newLink:
    case routeMessage.deleteLink:
      return lostLink(message) ?? liveLink(message);
    case routeMessage.deleteAddress:
    case routeMessage.newAddress:
      return movedAddress(message);
    case routeMessage.deleteRoute:
      return lostRoute(message);
    case routeMessage.newRoute:
      return newRoute(message);
    case routeMessage.newRule:
    case routeMessage.deleteRule:
      return { kind: 'policy' };
    case routeMessage.deleteNeighbor:
      return lostEntry(message);
    case routeMessage.newConfiguration:
      return lostForwarding(message);
    default:
      return undefined;
  }
}

/** A link that goes, one that is set down, and one that its bridge lets go, which is told in the bridge's own family. */
function lostLink({ type, body }: Message): Loss | undefined {
  const header = new ByteReader(body);
  const family = header.u8();
  const [flags, changed] = [header.skip(7).u32(), header.u32()];
  const removed = type === routeMessage.deleteLink;
  const down = !removed && changed !== ALL_FLAGS && (changed & FLAG_UP) !== 0 && (flags & FLAG_UP) === 0;
  if (!removed && !down) return undefined;
  const name = new Attributes(body.subarray(linkHeaderLength)).text(linkAttribute.name);
  if (name === undefined) return undefined;
  return { kind: 'link', name, how: down ? 'down' : family === addressFamily.bridge ? 'released' : 'removed' };
}

function liveLink({ type, body }: Message): PortNews | LinkNews | undefined {
  if (type !== routeMessage.newLink || (new ByteReader(body).skip(8).u32() & FLAG_LOWER_UP) === 0) return undefined;
  const attributes = new Attributes(body.subarray(linkHeaderLength));
  const [name, mtu] = [attributes.text(linkAttribute.name), attributes.u32(linkAttribute.mtu)];
  if (name === undefined || mtu === undefined) return undefined;
  return { kind: attributes.u32(linkAttribute.master) ? 'port' : 'link-up', name, mtu };
}

function movedAddress({ type, body }: Message): Loss | AddressArrival | undefined {
  const attributes = new Attributes(body.subarray(addressHeaderLength));
  const bytes = attributes.bytes(addressAttribute.local) ?? attributes.bytes(addressAttribute.address);
  return bytes && { kind: type === routeMessage.newAddress ? 'address-added' : 'address', address: ipFromBytes(bytes) };
}

function lostRoute({ body }: Message): Loss | PolicyChange | undefined {
  const header = decodeRouteHeader(body);
  if (header.table === localTable) return undefined;
  if (header.table !== mainTable) return { kind: 'policy' };
  if (header.type !== routeTypes.unicast) return undefined;
  return { kind: 'route', destination: destinationIn(new Attributes(body.subarray(routeHeaderLength)), header) };
}

/** Those that lead nowhere, too: they take packets as well as any. */
function newRoute({ body }: Message): RouteArrival | undefined {
  const header = decodeRouteHeader(body);
  if (header.table === localTable) return undefined;
  const attributes = new Attributes(body.subarray(routeHeaderLength));
  const table = attributes.u32(routeAttribute.table) ?? header.table;
  const destination = destinationIn(attributes, header);
  const mtu = attributes.nested(routeAttribute.metrics)?.u32(routeMetric.mtu);
  return { kind: 'route-added', destination, ...(table !== mainTable && { table }), ...(mtu !== undefined && { mtu }) };
}

/** An entry of a bridge that stays with its port; those that a bridge has learnt come and go by themselves. */
function lostEntry({ body }: Message): Loss | undefined {
  const header = new ByteReader(body);
  const family = header.u8();
  const flags = header.skip(9).u8();
  if (family !== addressFamily.bridge || (flags & neighborFlag.sticky) === 0) return undefined;
  const mac = new Attributes(body.subarray(neighborHeaderLength)).bytes(neighborAttribute.mac);
  return mac && { kind: 'fdb', mac: macFromBytes(mac) };
}

function lostForwarding({ body }: Message): Loss | undefined {
  const attributes = new Attributes(body.subarray(configurationHeaderLength));
  const ofAll = (attributes.u32(configuration.index) ?? 0) | 0;
  if (ofAll !== configuration.ofAll || attributes.u32(configuration.forwarding) !== 0) return undefined;
  return { kind: 'forwarding', family: body[0] === addressFamily.ipv4 ? 4 : 6 };
}

/** What a notification of nftables says is gone; elements of sets, which come and go all the time, do not count. */
export function decodeRulesNews({ type, body }: Message): Loss | undefined {
  const { deleteTable, destroyTable, deleteChain, deleteRule, deleteSet } = nftType;
  if (![deleteTable, destroyTable, deleteChain, deleteRule, deleteSet].some((lost) => lost === type)) return undefined;
  const table = new Attributes(body.subarray(tableHeaderLength)).text(TABLE_NAME);
  return table === undefined ? undefined : { kind: 'rules', table };
}
