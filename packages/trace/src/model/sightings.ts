import { type PacketHeader, type PacketRole, readPacketHeader, roleOf } from '../packet/packet-header.ts';
import type { EventRecord } from '../program/event-record.ts';
import type { TracepointName } from '../program/kernel-layout.ts';
import type { Sighting } from './hops.ts';
import type { Hop } from './report.ts';
import { type PlacedTraceEvent, traceTablePrefix } from './rule-passes.ts';

const events: Readonly<Record<TracepointName, Hop['event']>> = {
  netif_receive_skb: 'received',
  net_dev_start_xmit: 'sent',
  kfree_skb: 'dropped',
  consume_skb: 'used',
};

/** Drops that are none: the reason says so. */
const notDropped: ReadonlySet<string> = new Set(['NOT_DROPPED_YET', 'CONSUMED']);

/** What records of the kernel say about packets of the probe, in order of time. */
export function sightingsOf(
  records: readonly EventRecord[],
  tag: number,
  reasons: ReadonlyMap<number, string>,
): Sighting[] {
  const sightings = records.flatMap((record) => sightingOf(record, tag, reasons) ?? []);
  return sightings.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

function sightingOf(record: EventRecord, tag: number, reasons: ReadonlyMap<number, string>): Sighting | undefined {
  // The original of a packet that was put in by a program: only its copy is on its way.
  if (record.function === 'bpf_prog_test_run_skb') return undefined;
  const header = readPacketHeader(record.bytes);
  const role = header && roleOf(header, tag);
  if (header === undefined || role === undefined) return undefined;
  const event = events[record.tracepoint];
  const { time, packetAddress, namespace, device } = record;
  const { bytes } = record;
  const { mark } = record;
  const seen = { role, event, time, packetAddress, namespace, header, bytes };
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

function headerIn({ headers }: PlacedTraceEvent): PacketHeader | undefined {
  if (headers?.network === undefined || headers.transport === undefined) return undefined;
  return readPacketHeader(Uint8Array.from([...headers.network, ...headers.transport]));
}
