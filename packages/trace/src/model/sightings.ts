import { readPacketHeader, roleOf } from '../packet/packet-header.ts';
import type { EventRecord } from '../program/event-record.ts';
import type { TracepointName } from '../program/kernel-layout.ts';
import type { Sighting } from './hops.ts';
import type { Hop } from './report.ts';

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
  const base = { role, event, time, packetAddress, namespace, header, ...(device && { device }) };
  if (event === 'received' || event === 'sent') return base;
  const withFunction = record.function === '' ? base : { ...base, function: record.function };
  if (event === 'used') return withFunction;
  const reason = reasons.get(record.reason) ?? `reason ${record.reason}`;
  return notDropped.has(reason) ? { ...withFunction, event: 'used' } : { ...withFunction, reason };
}
