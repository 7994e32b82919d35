import { type Family, type IpAddress, ipFromBytes, ipToBytes } from '@fairlead/base';
import { Attributes, type AttributeWriter } from './attribute.ts';
import { encodeMessage, type Message, messageFlag } from './message.ts';

/** One direction of a tracked connection. */
export interface FlowTuple {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** IP protocol number: 6 TCP, 17 UDP, 132 SCTP. */
  readonly protocol: number;
  /** Absent for protocols without ports. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of ICMP: which message asks, and the number by which its answers are told from others. */
  readonly echo?: { readonly type: number; readonly code: number; readonly identifier: number };
}

/** What went in one direction, headers of IP included. */
export interface FlowCounters {
  readonly packets: number;
  readonly bytes: number;
}

/** States of a TCP connection, in the order of their numbers (enum tcp_conntrack). */
const tcpStates = [
  'none',
  'syn-sent',
  'syn-received',
  'established',
  'fin-wait',
  'close-wait',
  'last-ack',
  'time-wait',
  'close',
  'syn-sent2',
] as const;

/** How far a TCP connection is, as far as its packets tell who looks on. */
export type TcpState = (typeof tcpStates)[number];

/** A connection as the kernel tracks it: the same in the fields of conntrack(8). */
export interface Flow {
  readonly family: Family;
  /** As the first packet was before any translation. */
  readonly original: FlowTuple;
  /** As answers come: its source is who really answers, its destination who is seen to ask. */
  readonly reply: FlowTuple;
  /** Bits of {@link flowStatus}. */
  readonly status: number;
  readonly mark: number;
  /** Two flows with the same tuples, one after the other, differ in this. */
  readonly id: number;
  /** Seconds until it is forgotten; absent once it is. */
  readonly timeout?: number;
  /** Absent where `net.netfilter.nf_conntrack_acct` was 0 when it began, and in notifications but the last. */
  readonly counters?: { readonly original: FlowCounters; readonly reply: FlowCounters };
  /** Of TCP. */
  readonly tcpState?: TcpState;
}

/** enum ip_conntrack_status (linux/netfilter/nf_conntrack_common.h), the bits that we read. */
export const flowStatus = {
  seenReply: 2,
  assured: 4,
  confirmed: 8,
  sourceTranslated: 16,
  destinationTranslated: 32,
} as const;

/** Message types of ctnetlink with their subsystem (enum cntl_msg_types). */
export const flowMessageType = { created: 0x100, get: 0x101, deleted: 0x102 } as const;

/** What flows must have in common. A port is given only together with the protocol. */
export interface FlowFilter {
  readonly family: Family;
  readonly original?: Partial<FlowTuple>;
  readonly reply?: Partial<FlowTuple>;
}

/** A flow that came, changed or ended. */
export interface FlowEvent {
  readonly type: 'new' | 'update' | 'destroy';
  readonly flow: Flow;
}

/** Attributes (enum ctattr_type). */
const CTA = {
  ...{ original: 1, reply: 2, status: 3, protocolInfo: 4, timeout: 7, mark: 8 },
  ...{ originalCounters: 9, replyCounters: 10, id: 12, filter: 25 },
} as const;
/** AF_INET and AF_INET6. */
const familyNumbers = { 4: 2, 6: 10 } as const;

/** Which fields count (CTA_FILTER_F_*, net/netfilter/nf_internals.h). */
const filterFlag = { source: 1, destination: 2, protocol: 8, sourcePort: 16, destinationPort: 32 } as const;
const filterFields = [
  'source',
  'destination',
  'protocol',
  'sourcePort',
  'destinationPort',
] as const satisfies readonly (keyof FlowTuple)[];

/** Ask for all flows of a family, or for those that a filter lets through (Linux 5.8). */
export function encodeFlowDump(filter: FlowFilter): Uint8Array {
  return flowMessage(flowMessageType.get, messageFlag.dump, filter.family, (writer) => writeFilter(writer, filter));
}

/** Remove one flow. Its number goes with it, so that a later one with the same addresses and ports is not hit. */
export function encodeFlowDeletion({ family, original, id }: Flow): Uint8Array {
  return flowMessage(flowMessageType.deleted, messageFlag.acknowledge, family, (writer) => {
    writeTuple(writer, CTA.original, original);
    writer.u32be(CTA.id, id);
  });
}

/**
 * Ask for one flow, by its first direction; `ENOENT` is the answer when there is none. The kernel marks the answer as one
 * part of several (ctnetlink_fill_info): only the acknowledgement says that there are no others.
 */
export function encodeFlowQuery({ family, original }: Pick<Flow, 'family' | 'original'>): Uint8Array {
  return flowMessage(flowMessageType.get, messageFlag.acknowledge, family, (writer) =>
    writeTuple(writer, CTA.original, original),
  );
}

/**
 * Remove all flows that a filter lets through, in the kernel (Linux 6.8). Older kernels answer `EINVAL`: list them with
 * {@link encodeFlowDump} there and remove them one by one. That none are found is no error.
 *
 * @throws RangeError for a filter that would let everything through.
 */
export function encodeFlowFlush(filter: FlowFilter): Uint8Array {
  if (filterFlags(filter.original) === 0 && filterFlags(filter.reply) === 0)
    throw new RangeError('this would remove all flows');
  return flowMessage(flowMessageType.deleted, messageFlag.acknowledge, filter.family, (writer) =>
    writeFilter(writer, filter),
  );
}

/** Read an answer to {@link encodeFlowDump}. */
export function decodeFlow(message: Message): Flow {
  const attributes = new Attributes(message.body.subarray(4));
  const timeout = attributes.u32be(CTA.timeout);
  const counters = readCounters(attributes);
  const tcpState = tcpStates[attributes.nested(CTA.protocolInfo)?.nested(1)?.u8(1) ?? -1];
  return {
    family: message.body[0] === familyNumbers[4] ? 4 : 6,
    original: readTuple(attributes.nested(CTA.original)),
    reply: readTuple(attributes.nested(CTA.reply)),
    status: attributes.u32be(CTA.status) ?? 0,
    mark: attributes.u32be(CTA.mark) ?? 0,
    id: attributes.u32be(CTA.id) ?? 0,
    ...(timeout === undefined ? {} : { timeout }),
    ...(counters === undefined ? {} : { counters }),
    ...(tcpState === undefined ? {} : { tcpState }),
  };
}

function readCounters(attributes: Attributes): Flow['counters'] {
  const [original, reply] = [CTA.originalCounters, CTA.replyCounters].map((type) => attributes.nested(type));
  if (original === undefined || reply === undefined) return undefined;
  const read = (direction: Attributes): FlowCounters => ({
    packets: Number(direction.u64be(1) ?? 0n),
    bytes: Number(direction.u64be(2) ?? 0n),
  });
  return { original: read(original), reply: read(reply) };
}

/** Read a notification of the groups `conntrackNew`, `conntrackUpdate` and `conntrackDestroy`; `undefined` for other messages. */
export function decodeFlowEvent(message: Message): FlowEvent | undefined {
  if (message.type === flowMessageType.deleted) return { type: 'destroy', flow: decodeFlow(message) };
  if (message.type !== flowMessageType.created) return undefined;
  return { type: (message.flags & messageFlag.create) === 0 ? 'update' : 'new', flow: decodeFlow(message) };
}

/** True when a filter lets a flow through; what the kernel does with {@link encodeFlowDump}. */
export function matchesFlow(filter: FlowFilter, flow: Flow): boolean {
  const agrees = (wanted: Partial<FlowTuple> | undefined, tuple: FlowTuple) =>
    filterFields.every((field) => wanted?.[field] === undefined || wanted[field] === tuple[field]);
  return filter.family === flow.family && agrees(filter.original, flow.original) && agrees(filter.reply, flow.reply);
}

/** nfgenmsg with version 1: with 0 the kernel ignores the family when it removes flows (ctnetlink_del_conntrack). */
function flowMessage(type: number, flags: number, family: Family, body: (writer: AttributeWriter) => void): Uint8Array {
  return encodeMessage(type, flags, (writer) => {
    writer.header.u8(familyNumbers[family]).u8(1).u16be(0);
    body(writer);
  });
}

function writeFilter(writer: AttributeWriter, { original, reply }: FlowFilter): void {
  const [originalFlags, replyFlags] = [filterFlags(original), filterFlags(reply)];
  if (original !== undefined && originalFlags !== 0) writeTuple(writer, CTA.original, original);
  if (reply !== undefined && replyFlags !== 0) writeTuple(writer, CTA.reply, reply);
  if (originalFlags !== 0 || replyFlags !== 0) {
    writer.nested(CTA.filter, (filter) => filter.u32(1, originalFlags).u32(2, replyFlags));
  }
}

function filterFlags(tuple: Partial<FlowTuple> | undefined): number {
  return filterFields.reduce((flags, field) => (tuple?.[field] === undefined ? flags : flags | filterFlag[field]), 0);
}

/** enum ctattr_ip (IPv4 source 1, destination 2; IPv6 3, 4) and enum ctattr_l4proto. */
function writeTuple(writer: AttributeWriter, type: number, tuple: Partial<FlowTuple>): void {
  const { source, destination, protocol, sourcePort, destinationPort, echo } = tuple;
  writer.nested(type, (nest) => {
    if (source !== undefined || destination !== undefined) {
      nest.nested(1, (addresses) => {
        if (source !== undefined) writeAddress(addresses, 1, source);
        if (destination !== undefined) writeAddress(addresses, 2, destination);
      });
    }
    if (protocol === undefined) return;
    nest.nested(2, (transport) => {
      transport.u8(1, protocol);
      if (sourcePort !== undefined) transport.u16be(2, sourcePort);
      if (destinationPort !== undefined) transport.u16be(3, destinationPort);
      if (echo === undefined) return;
      // CTA_PROTO_ICMP_*, and CTA_PROTO_ICMPV6_* behind them.
      const first = protocol === 1 ? 4 : 7;
      transport
        .u16be(first, echo.identifier)
        .u8(first + 1, echo.type)
        .u8(first + 2, echo.code);
    });
  });
}

function writeAddress(writer: AttributeWriter, type: number, address: IpAddress): void {
  const bytes = ipToBytes(address);
  writer.bytes(bytes.length === 4 ? type : type + 2, bytes);
}

function readTuple(tuple: Attributes | undefined): FlowTuple {
  const addresses = tuple?.nested(1);
  const transport = tuple?.nested(2);
  const source = addresses?.bytes(1) ?? addresses?.bytes(3);
  const destination = addresses?.bytes(2) ?? addresses?.bytes(4);
  if (source === undefined || destination === undefined) throw new Error('conntrack: a flow without addresses');
  const sourcePort = transport?.u16be(2);
  const destinationPort = transport?.u16be(3);
  const echo = readEcho(transport, 4) ?? readEcho(transport, 7);
  return {
    source: ipFromBytes(source),
    destination: ipFromBytes(destination),
    protocol: transport?.u8(1) ?? 0,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...(echo === undefined ? {} : { echo }),
  };
}

function readEcho(transport: Attributes | undefined, first: number): FlowTuple['echo'] {
  const identifier = transport?.u16be(first);
  if (identifier === undefined) return undefined;
  return { identifier, type: transport?.u8(first + 1) ?? 0, code: transport?.u8(first + 2) ?? 0 };
}
