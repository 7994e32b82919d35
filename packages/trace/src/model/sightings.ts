import { carrierProtocols, mayHide, readCarriedPacket } from '../packet/carried-packet.ts';
import { type PacketHeader, type PacketRole, readPacketHeader, roleOf } from '../packet/packet-header.ts';
import type { EventRecord } from '../program/event-record.ts';
import type { TracepointName } from '../program/kernel-layout.ts';
import type { Sighting } from './hops.ts';
import type { Hop } from './report.ts';
import { headerIn, type PlacedTraceEvent, traceTablePrefix } from './rule-passes.ts';

const events: Readonly<Record<TracepointName, Hop['event']>> = {
  netif_receive_skb: 'received',
  net_dev_start_xmit: 'sent',
  kfree_skb: 'dropped',
  consume_skb: 'used',
};

/** Drops that are none: the reason says so. */
const notDropped: ReadonlySet<string> = new Set(['NOT_DROPPED_YET', 'CONSUMED']);

/** Name of the kind of an interface; `undefined` for one that is not known. */
export type LinkKind = (namespace: number, index: number) => string | undefined;

/** What records of the kernel say about packets of the probe, in order of time. */
export function sightingsOf(
  records: readonly EventRecord[],
  tag: number,
  reasons: ReadonlyMap<number, string>,
  linkKind: LinkKind = () => undefined,
): Sighting[] {
  /** Where each packet was seen last, by its address in the kernel, for as long as it is there. */
  const under = new Map<bigint, Sighting>();
  const marks = [tag, tag + 1].map(markBytes);
  return [...records].sort(byTime).flatMap((record) => {
    // Most packets of a series are of other traces: looking for four bytes costs a twentieth of reading headers.
    if (!under.has(record.packetAddress) && !mentions(record, marks)) return [];
    // The original of a packet that was put in by a program: only its copy is on its way.
    if (record.function === 'bpf_prog_test_run_skb') return [];
    const probe = readProbe(record.bytes, tag) ?? hiddenProbe(record, under.get(record.packetAddress), linkKind);
    if (probe === undefined) return [];
    const sighting = sightingOf(record, probe, reasons);
    if (sighting.event === 'used' || sighting.event === 'dropped') under.delete(record.packetAddress);
    else under.set(record.packetAddress, sighting);
    return [sighting];
  });
}

function markBytes(mark: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, mark);
  return bytes;
}

/** True when one of the numbers is anywhere in the packet. */
function mentions({ bytes }: EventRecord, marks: readonly Uint8Array[]): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return marks.some((mark) => buffer.includes(mark));
}

function byTime(a: EventRecord, b: EventRecord): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
}

type Probe = Pick<Sighting, 'role' | 'header' | 'carrier' | 'about' | 'hidden'>;

function readProbe(bytes: Uint8Array, tag: number): Probe | undefined {
  const header = readPacketHeader(bytes);
  const role = header && roleOf(header, tag);
  return header && role ? { role, header } : readCarriedPacket(bytes, tag);
}

/**
 * What encrypts a packet keeps its place in the kernel's memory: what is at that place next is the same packet, unless it
 * does not look like one that hides another.
 */
function hiddenProbe({ bytes }: EventRecord, before: Sighting | undefined, linkKind: LinkKind): Probe | undefined {
  const header = readPacketHeader(bytes);
  if (before === undefined || header === undefined || !mayHide(header)) return undefined;
  const isWireguard =
    before.carrier?.kind === 'wireguard' ||
    (before.event === 'sent' && linkKind(before.namespace, before.device?.index ?? 0) === 'wireguard');
  const kind = header.protocol === carrierProtocols.esp ? 'esp' : isWireguard ? 'wireguard' : undefined;
  return kind && { role: before.role, header: before.header, carrier: { kind, header }, hidden: true };
}

function sightingOf(record: EventRecord, probe: Probe, reasons: ReadonlyMap<number, string>): Sighting {
  const { time, packetAddress, namespace, device, bytes, mark } = record;
  const event = events[record.tracepoint];
  const seen = { ...probe, event, time, packetAddress, namespace, bytes };
  const base = { ...seen, ...(device && { device }), ...(mark !== 0 && { mark }) };
  if (event === 'received' || event === 'sent') return base;
  const withFunction = record.function === '' ? base : { ...base, function: record.function };
  if (event === 'used') return withFunction;
  const reason = reasons.get(record.reason) ?? `reason ${record.reason}`;
  return notDropped.has(reason) ? { ...withFunction, event: 'used' } : { ...withFunction, reason };
}

/**
 * What the rules say about where the packet was, for kernels that do not let us see the packet: our own table's rules are
 * met where it comes in and where it is made, and whoever drops it is the last.
 */
export function sightingsOfRules(
  events: readonly PlacedTraceEvent[],
  tag: number,
  linkName: (namespace: number, index: number) => string | undefined,
): Sighting[] {
  const roles = new Map<string, { readonly role: PacketRole; readonly header: PacketHeader }>();
  return events.flatMap((event, index) => {
    const { namespace, incoming, outgoing, id } = event;
    const own = headerIn(event);
    const role = own && roleOf(own, tag);
    const key = `${namespace} ${id}`;
    if (own !== undefined && role !== undefined) roles.set(key, { role, header: own });
    const known = roles.get(key);
    const kind = known && eventKind(event);
    if (known === undefined || kind === undefined) return [];
    const device = incoming ?? outgoing;
    const name = device === undefined ? undefined : linkName(namespace, device);
    return [
      {
        ...known,
        event: kind,
        time: BigInt(index) * 1000n,
        packetAddress: BigInt(id),
        namespace,
        ...(device !== undefined && name !== undefined && { device: { index: device, name } }),
        ...(kind === 'dropped' && { reason: 'NETFILTER_DROP' }),
      },
    ];
  });
}

function eventKind(event: PlacedTraceEvent): Hop['event'] | undefined {
  const isOurs = event.table.startsWith(traceTablePrefix);
  if (isOurs && event.type === 'rule' && event.headers !== undefined)
    return event.chain === 'output' ? 'sent' : 'received';
  return !isOurs && (event.policy === 'drop' || event.verdict?.name === 'drop') ? 'dropped' : undefined;
}
