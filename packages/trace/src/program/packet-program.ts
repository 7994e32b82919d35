import { assemble, exit, jump, jumpEqual, label, load, move, set } from '@fairlead/kernel/tracing';
import { recordField } from './event-record.ts';
import type { TracepointName } from './kernel-layout.ts';
import { findNeighborPacket } from './neighbor-search.ts';
import { forgetPacket, lookUpPacket, notePacket } from './packet-notes.ts';
import { leaveWithOthersTraffic, PASSING_LENGTH } from './passing-traffic.ts';
import { copyHeader, findHeader, held, viewHeader } from './program-frame.ts';
import { clearRecord, describeDevice, describeEvent, type RecordRequest, writeRecord } from './record-writer.ts';
import { findCarriedTag, findTag, loadTag } from './tag-search.ts';

/** What a program for one tracepoint is made from. */
export interface PacketProgramRequest extends RecordRequest {
  /** Descriptor of the number by which packets are recognised, as `tagWord` has it; see `tagPlaces`. */
  readonly tag: number;
  /** Descriptor of the ring that records go to. */
  readonly ring: number;
  /** Descriptor of the notes in which programs keep the kernel's addresses of packets that they have seen with the tag. */
  readonly notes: number;
}

/**
 * The instructions that look at each packet and write a record of those with the tag. Nearly all of what they are run for is
 * of others, so what costs something comes after what tells most of that apart.
 */
export function packetProgram(request: PacketProgramRequest): Uint8Array {
  const { layout, tracepoint } = request;
  const point = layout.tracepoints[tracepoint];
  if (point === undefined) throw new Error(`this kernel has no tracepoint ${tracepoint}`);
  const view = viewHeader(layout, PASSING_LENGTH);
  return assemble([
    move(held.context, 1),
    load(8, held.packet, held.context, point.packet * 8),
    jumpEqual(held.packet, 0, 'out'),
    ...findHeader(layout, tracepoint),
    ...view.items,
    ...leaveWithOthersTraffic(view.at),
    ...copyHeader(recordField.packet.length),
    ...loadTag(request.tag),
    ...(tracepoint === 'kfree_skb' ? findNeighborPacket() : []),
    ...findTag(),
    label('no tag'),
    ...findCarriedTag(),
    label('unknown'),
    ...lookUpPacket(request.notes),
    jump('out'),
    label('hit'),
    ...(isEnd(tracepoint) ? [] : notePacket(request.notes)),
    label('known'),
    ...(isEnd(tracepoint) ? forgetPacket(request.notes) : []),
    ...clearRecord(),
    ...describeEvent(request),
    ...describeDevice(layout),
    label('write'),
    ...writeRecord(request.ring),
    label('out'),
    set(0, 0),
    exit(),
  ]);
}

function isEnd(tracepoint: TracepointName): boolean {
  return tracepoint === 'kfree_skb' || tracepoint === 'consume_skb';
}
