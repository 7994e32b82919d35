import { ByteReader, ipFromBytes, type MacAddress, macFromBytes } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { encodeMessage, type Message, messageFlag } from '../message.ts';
import type { BridgePort, LinkObject, LinkType, NamespaceName } from '../object/kernel-object.ts';
import {
  bridgePortAttribute,
  FLAG_NO_ARP,
  FLAG_UP,
  informationAttribute,
  ipvlanAttribute,
  ipvlanFlags,
  ipvlanModes,
  linkAttribute,
  linkHeaderLength,
  macvlanAttribute,
  macvlanModes,
  nameOfNumber,
  vlanAttribute,
  vxlanAttribute,
} from './link-attributes.ts';
import type { NameLookup } from './lookup.ts';
import { routeMessage } from './message-types.ts';

/** RTEXT_FILTER_SKIP_STATS: a third of the bytes, and the kernel need not add up per-CPU counters. */
const SKIP_STATISTICS = 8;

/** Counters of a link since it was made (rtnl_link_stats64). */
export interface LinkStatistics {
  readonly receivedPackets: number;
  readonly sentPackets: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receiveErrors: number;
  readonly sendErrors: number;
  readonly receiveDropped: number;
  readonly sendDropped: number;
}

/** IF_OPER_* (RFC 2863) in ip(8)'s words. */
const operationalStates = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const;

/** BR_STATE_* (include/uapi/linux/if_bridge.h) in bridge(8)'s words. */
const portStates = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const;

/** What the kernel says about a link, with its numbers. */
export interface LinkDetails {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number;
  readonly mac?: MacAddress;
  /** How the bridge treats this port. */
  readonly port?: BridgePort;
  /** Whether the bridge passes anything on by this port (BR_STATE_*). */
  readonly portState?: (typeof portStates)[number];
  /** What keeps frames from a bridge port, in bridge(8)'s words: `flood off`, `locked on`; absent when nothing does. */
  readonly portLimits?: readonly string[];
  readonly alias?: string;
  /** Absent for the group that all are in at first, 0. */
  readonly group?: number;
  readonly masterIndex?: number;
  /** Index of the parent or of a veth's other end. */
  readonly parentIndex?: number;
  /** Id of the namespace in which `parentIndex` counts, when it is another one. */
  readonly parentNamespaceId?: number;
  /** IFLA_INFO_KIND. */
  readonly kind?: string;
  /** The kernel's own attributes of the kind. */
  readonly data?: Attributes;
  readonly operationalState: (typeof operationalStates)[number];
  /** False when nobody is at the other end. */
  readonly carrier?: boolean;
  /** True when it neither asks for neighbours nor answers (`arp off`). */
  readonly withoutArp?: true;
  /** Absent when they were not asked for. */
  readonly statistics?: LinkStatistics;
}

/** Request for all links of a namespace, with or without their counters. */
export function dumpLinksMessage(statistics = false): Uint8Array {
  return encodeMessage(routeMessage.getLink, messageFlag.dump, (writer) => {
    writer.header.zeros(linkHeaderLength);
    if (!statistics) writer.u32(linkAttribute.extensionMask, SKIP_STATISTICS);
  });
}

/** IFLA_STATS_LINK_64 (include/uapi/linux/if_link.h), also the number of its bit in the filter, from 1. */
const STATISTICS_64 = 1;
/** struct if_stats_msg: family, padding, index, filter. */
const statisticsHeaderLength = 12;

/** Request for the counters of all links of a namespace and nothing else: a seventh of the time of listing them. */
export function dumpLinkStatisticsMessage(): Uint8Array {
  return encodeMessage(routeMessage.getStatistics, messageFlag.dump, (writer) => {
    writer.header.zeros(8).u32(1 << (STATISTICS_64 - 1));
  });
}

/** Read an RTM_NEWSTATS message: whose counters, and what they say. */
export function decodeLinkStatistics(message: Message): {
  readonly index: number;
  readonly statistics: LinkStatistics;
} {
  const index = new ByteReader(message.body).skip(4).i32();
  const counters = new Attributes(message.body.subarray(statisticsHeaderLength)).bytes(STATISTICS_64);
  return { index, statistics: decodeStatistics(counters ?? new Uint8Array(64)) };
}

/** Request for one link by name. */
export function getLinkMessage(name: string): Uint8Array {
  return encodeMessage(routeMessage.getLink, 0, (writer) => {
    writer.header.zeros(linkHeaderLength);
    writer.text(linkAttribute.name, name).u32(linkAttribute.extensionMask, SKIP_STATISTICS);
  });
}

/** Index in an RTM_NEWLINK message, without reading the rest of it. */
export function linkIndexIn(message: Message): number {
  return new ByteReader(message.body).skip(4).i32();
}

/** Read an RTM_NEWLINK message. */
export function decodeLinkDetails(message: Message): LinkDetails {
  const header = new ByteReader(message.body).skip(4);
  const index = header.i32();
  const flags = header.u32();
  const up = (flags & FLAG_UP) !== 0;
  const attributes = new Attributes(message.body.subarray(linkHeaderLength));
  const information = attributes.nested(linkAttribute.information);
  const mac = attributes.bytes(linkAttribute.address);
  const counters = attributes.bytes(linkAttribute.statistics);
  return withoutUndefined<LinkDetails>({
    index,
    name: attributes.text(linkAttribute.name) ?? '',
    up,
    mtu: attributes.u32(linkAttribute.mtu) ?? 0,
    mac: mac?.length === 6 ? macFromBytes(mac) : undefined,
    alias: attributes.text(linkAttribute.alias),
    group: attributes.u32(linkAttribute.group) || undefined,
    masterIndex: attributes.u32(linkAttribute.master),
    parentIndex: attributes.u32(linkAttribute.link),
    parentNamespaceId: attributes.i32(linkAttribute.linkNamespaceId),
    kind: information?.text(informationAttribute.kind),
    data: information?.nested(informationAttribute.data),
    port: portOf(information),
    portState: portStateOf(information),
    portLimits: portLimits(information),
    operationalState: operationalStates[attributes.u8(linkAttribute.operationalState) ?? 0] ?? 'unknown',
    carrier: carrierIn(attributes),
    withoutArp: (flags & FLAG_NO_ARP) !== 0 || undefined,
    statistics: counters && decodeStatistics(counters),
  });
}

function carrierIn(attributes: Attributes): boolean | undefined {
  const carrier = attributes.u8(linkAttribute.carrier);
  return carrier === undefined ? undefined : carrier !== 0;
}

function portOf(information: Attributes | undefined): BridgePort | undefined {
  if (information?.text(informationAttribute.portKind) !== 'bridge') return undefined;
  const data = information.nested(informationAttribute.portData);
  return {
    hairpin: data?.u8(bridgePortAttribute.hairpin) === 1,
    isolated: data?.u8(bridgePortAttribute.isolated) === 1,
  };
}

/** Switches of a bridge port, with the setting in which they keep frames back. */
const limits = [
  ['flood', 'flood', 0],
  ['mcast_flood', 'multicastFlood', 0],
  ['bcast_flood', 'broadcastFlood', 0],
  ['learning', 'learning', 0],
  ['locked', 'locked', 1],
] as const;

function portLimits(information: Attributes | undefined): readonly string[] | undefined {
  if (information?.text(informationAttribute.portKind) !== 'bridge') return undefined;
  const data = information.nested(informationAttribute.portData);
  const found = limits.flatMap(([word, key, setting]) =>
    data?.u8(bridgePortAttribute[key]) === setting ? [`${word} ${setting === 1 ? 'on' : 'off'}`] : [],
  );
  return found.length === 0 ? undefined : found;
}

function portStateOf(information: Attributes | undefined): LinkDetails['portState'] {
  if (information?.text(informationAttribute.portKind) !== 'bridge') return undefined;
  return portStates[information.nested(informationAttribute.portData)?.u8(bridgePortAttribute.state) ?? -1];
}

/** A value whose absent properties are really absent, as the exact optional properties of our objects want it. */
export function withoutUndefined<T>(value: { [Key in keyof T]: T[Key] | undefined }): T;
export function withoutUndefined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, property]) => property !== undefined));
}

function decodeStatistics(bytes: Uint8Array): LinkStatistics {
  const reader = new ByteReader(bytes);
  const next = () => Number(reader.u64());
  return {
    receivedPackets: next(),
    sentPackets: next(),
    receivedBytes: next(),
    sentBytes: next(),
    receiveErrors: next(),
    sendErrors: next(),
    receiveDropped: next(),
    sendDropped: next(),
  };
}

/** The object that would make such a link. A veth's end comes without its peer, which is another link. */
export function linkObjectOf(details: LinkDetails, namespace: NamespaceName, names: NameLookup): LinkObject {
  const { parentIndex, parentNamespaceId, masterIndex } = details;
  // A veth's other end is no parent, and to find it would mean to ask every namespace.
  const hasForeignParent = parentNamespaceId !== undefined && details.kind !== 'veth';
  const foreign = hasForeignParent ? names.foreignLink?.(parentNamespaceId, parentIndex ?? 0) : undefined;
  const parent = parentNamespaceId === undefined ? nameOf(parentIndex, names) : foreign?.name;
  const type = linkTypeOf(details, parent ?? '');
  return withoutUndefined<LinkObject>({
    kind: 'link',
    namespace,
    name: details.name,
    type,
    up: details.up,
    mac: details.mac,
    mtu: details.mtu,
    master: nameOf(masterIndex, names),
    port: details.port,
    alias: details.alias,
    group: details.group,
    madeIn: foreign?.namespace,
  });
}

function nameOf(index: number | undefined, names: NameLookup): string | undefined {
  return index === undefined || index === 0 ? undefined : names.linkName(index);
}

function linkTypeOf({ kind = 'device', data }: LinkDetails, parent: string): LinkType {
  switch (kind) {
    case 'veth':
    case 'bridge':
    case 'dummy':
      return { kind };
    case 'vlan':
      return { kind, parent, id: data?.u16(vlanAttribute.id) ?? 0 };
    case 'macvlan':
      return { kind, parent, mode: nameOfNumber(macvlanModes, data?.u32(macvlanAttribute.mode) ?? 0) ?? 'vepa' };
    case 'ipvlan':
      return {
        kind,
        parent,
        mode: nameOfNumber(ipvlanModes, data?.u16(ipvlanAttribute.mode) ?? 0) ?? 'l3',
        flag: nameOfNumber(ipvlanFlags, data?.u16(ipvlanAttribute.flags) ?? 0) ?? 'bridge',
      };
    case 'vxlan':
      return vxlanTypeOf(data);
    default:
      return { kind: 'other', name: kind };
  }
}

function vxlanTypeOf(data: Attributes | undefined): LinkType {
  const local = data?.bytes(vxlanAttribute.local) ?? data?.bytes(vxlanAttribute.local6);
  return {
    kind: 'vxlan',
    id: data?.u32(vxlanAttribute.id) ?? 0,
    ...(local === undefined ? {} : { local: ipFromBytes(local) }),
    port: data?.u16be(vxlanAttribute.port) ?? 0,
    learning: data?.u8(vxlanAttribute.learning) !== 0,
  };
}
