import { ByteReader, familyOf, ipFromBytes, ipToBytes, macFromBytes, macToBytes } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { encodeMessage, type Message, messageFlag } from '../message.ts';
import type { FdbObject, NamespaceName, NeighborObject } from '../object/kernel-object.ts';
import { withoutUndefined } from './link-details.ts';
import type { NameLookup, NumberLookup } from './lookup.ts';
import { addressFamily, createFlags, familyNumber, replaceFlags, routeMessage } from './message-types.ts';

/** Neighbour attributes (NDA_*, include/uapi/linux/neighbour.h). */
export const neighborAttribute = { destination: 1, mac: 2, vlan: 5 } as const;
/** NUD_*: reachable, noarp (of a bridge's entry: static), permanent. */
export const neighborState = { reachable: 0x02, static: 0x40, permanent: 0x80 } as const;
/** NTF_*: the entry is in the link's own table, or in its bridge's; it stays with its port whoever else uses the address. */
export const neighborFlag = { self: 0x02, master: 0x04, sticky: 0x40 } as const;
/** The entry for every destination that has none of its own: frames are copied to all its VTEPs. */
const ZERO_MAC = '00:00:00:00:00:00';
/** Bytes of ndmsg. */
export const neighborHeaderLength = 12;

/** Message that makes a permanent neighbour entry, in the place of what was learnt. */
export function addNeighborMessage(object: NeighborObject, lookup: NumberLookup): Uint8Array {
  return encodeNeighbor(routeMessage.newNeighbor, replaceFlags, object, lookup);
}

/** Message that removes a neighbour entry. */
export function removeNeighborMessage(object: NeighborObject, lookup: NumberLookup): Uint8Array {
  return encodeNeighbor(routeMessage.deleteNeighbor, messageFlag.acknowledge, object, lookup);
}

function encodeNeighbor(type: number, flags: number, object: NeighborObject, lookup: NumberLookup): Uint8Array {
  const index = lookup.linkIndex(object.namespace, object.link);
  return encodeMessage(type, flags, (writer) => {
    writer.header
      .u8(familyNumber(familyOf(object.address)))
      .zeros(3)
      .i32(index);
    writer.header.u16(neighborState.permanent).u8(0).u8(0);
    writer.bytes(neighborAttribute.destination, ipToBytes(object.address));
    if (type === routeMessage.newNeighbor) writer.bytes(neighborAttribute.mac, macToBytes(object.mac));
  });
}

/**
 * Message that makes a forwarding-database entry. The zero MAC of a VXLAN link collects all its destinations, hence
 * appends (vxlan_core.c, vxlan_fdb_update_existing). One that sticks takes the place of what the bridge has learnt.
 */
export function addFdbMessage(object: FdbObject, lookup: NumberLookup): Uint8Array {
  const appends = object.mac === ZERO_MAC;
  const appendFlags = messageFlag.acknowledge | messageFlag.create | messageFlag.append;
  const flags = appends ? appendFlags : object.sticky ? replaceFlags : createFlags;
  return encodeFdb(routeMessage.newNeighbor, flags, object, lookup);
}

/** Message that removes a forwarding-database entry. */
export function removeFdbMessage(object: FdbObject, lookup: NumberLookup): Uint8Array {
  return encodeFdb(routeMessage.deleteNeighbor, messageFlag.acknowledge, object, lookup);
}

function encodeFdb(type: number, flags: number, object: FdbObject, lookup: NumberLookup): Uint8Array {
  const self = object.on === 'self';
  // To a bridge, permanent means an address of its own and static one that it sends to; VXLAN knows only permanent.
  const state = self ? neighborState.permanent : neighborState.static | neighborState.reachable;
  return encodeMessage(type, flags, (writer) => {
    writer.header.u8(addressFamily.bridge).zeros(3).i32(lookup.linkIndex(object.namespace, object.link));
    const sticky = object.sticky && type === routeMessage.newNeighbor ? neighborFlag.sticky : 0;
    writer.header
      .u16(state)
      .u8(neighborFlag[object.on] | sticky)
      .u8(0);
    writer.bytes(neighborAttribute.mac, macToBytes(object.mac));
    if (object.destination !== undefined) writer.bytes(neighborAttribute.destination, ipToBytes(object.destination));
    if (object.vlan !== undefined) writer.u16(neighborAttribute.vlan, object.vlan);
  });
}

/** Request for all neighbour entries of both IP versions. */
export function dumpNeighborsMessage(): Uint8Array {
  return dumpMessage(addressFamily.unspecified);
}

/** Request for all forwarding-database entries of a namespace. */
export function dumpFdbMessage(): Uint8Array {
  return dumpMessage(addressFamily.bridge);
}

function dumpMessage(family: number): Uint8Array {
  return encodeMessage(routeMessage.getNeighbor, messageFlag.dump, (writer) => {
    writer.header.u8(family).zeros(neighborHeaderLength - 1);
  });
}

/** The fixed part of a neighbour message (ndmsg). */
export interface NeighborHeader {
  readonly family: number;
  readonly index: number;
  readonly state: number;
  readonly flags: number;
}

/** Read the fixed part of a neighbour message. */
export function decodeNeighborHeader(body: Uint8Array): NeighborHeader {
  const reader = new ByteReader(body);
  const family = reader.u8();
  return { family, index: reader.skip(3).i32(), state: reader.u16(), flags: reader.u8() };
}

/** Read an RTM_NEWNEIGH message; `undefined` for entries that are not permanent. */
export function decodeNeighbor(
  message: Message,
  namespace: NamespaceName,
  names: NameLookup,
): NeighborObject | undefined {
  const { family, index, state } = decodeNeighborHeader(message.body);
  const attributes = new Attributes(message.body.subarray(neighborHeaderLength));
  const address = attributes.bytes(neighborAttribute.destination);
  const mac = attributes.bytes(neighborAttribute.mac);
  const link = names.linkName(index);
  if ((state & neighborState.permanent) === 0 || family === addressFamily.bridge) return undefined;
  if (address === undefined || mac?.length !== 6 || link === undefined) return undefined;
  return { kind: 'neighbor', namespace, link, address: ipFromBytes(address), mac: macFromBytes(mac) };
}

/**
 * Read an RTM_NEWNEIGH message of the bridge family; `undefined` for what was learnt, for a bridge's own addresses and
 * for the multicast addresses that a link listens to.
 */
export function decodeFdb(message: Message, namespace: NamespaceName, names: NameLookup): FdbObject | undefined {
  const { index, state, flags } = decodeNeighborHeader(message.body);
  const attributes = new Attributes(message.body.subarray(neighborHeaderLength));
  const mac = attributes.bytes(neighborAttribute.mac);
  const link = names.linkName(index);
  const on = (flags & neighborFlag.self) !== 0 ? 'self' : 'master';
  const wanted = on === 'self' ? neighborState.permanent : neighborState.static;
  if (mac === undefined || link === undefined || (state & wanted) === 0 || isMulticast(mac)) return undefined;
  const destination = attributes.bytes(neighborAttribute.destination);
  return withoutUndefined<FdbObject>({
    kind: 'fdb',
    namespace,
    link,
    mac: macFromBytes(mac),
    destination: destination && ipFromBytes(destination),
    vlan: attributes.u16(neighborAttribute.vlan),
    on,
    sticky: (flags & neighborFlag.sticky) === 0 ? undefined : true,
  });
}

function isMulticast(mac: Uint8Array): boolean {
  return ((mac[0] ?? 0) & 1) !== 0;
}
