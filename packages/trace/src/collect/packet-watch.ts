import { messageOf } from '@fairlead/base';
import { attachTracingProgram, EventRing, ProgramNotes, ProgramText } from '@fairlead/kernel/tracing';
import { readNeighborPacketAnywhere } from '../packet/carried-packet.ts';
import { decodeEventRecord, type EventRecord } from '../program/event-record.ts';
import { type KernelLayout, type TracepointName, tracepoints } from '../program/kernel-layout.ts';
import { type PacketProgramRequest, packetProgram } from '../program/packet-program.ts';
import { kernelLayout } from './layout-source.ts';

/** Bytes; a probe makes some dozens of records of 280. */
const RING_BYTES = 1 << 17;
/** Packets under way at a time: the probe, its answer, and copies of them. */
const PACKETS = 1024;

/** Sees every packet with the tag, wherever in the machine it is, until disposed of. */
export interface PacketWatch extends Disposable {
  readonly events: readonly EventRecord[];
  /** Questions and answers about neighbours that were dropped meanwhile, whoever sent them. */
  readonly neighborDrops: readonly EventRecord[];
  readonly reasons: ReadonlyMap<number, string>;
  /** What could not be had, in words. */
  readonly missing: readonly string[];
  /** Take what has been seen by now. */
  drain(): void;
}

/**
 * Look at all packets with the tag, from the kernel's tracepoints. Everything goes with the process, also when it is
 * killed.
 *
 * @throws Error when this kernel, or our rights, do not allow it: the message says which.
 */
export function watchPackets(tag: number): PacketWatch {
  using parts = new DisposableStack();
  const layout = kernelLayout();
  const events: EventRecord[] = [];
  const neighborDrops: EventRecord[] = [];
  const take = (bytes: Uint8Array): void => {
    const record = decodeEventRecord(bytes);
    const list = readNeighborPacketAnywhere(record.bytes) === undefined ? events : neighborDrops;
    list.push(record);
  };
  const ring = parts.use(new EventRing(RING_BYTES, take));
  const format = parts.use(new ProgramText('%ps'));
  const notes = parts.use(new ProgramNotes(PACKETS));
  const programs = { tag, ring: ring.descriptor, notes: notes.descriptor, symbolFormat: format.descriptor };
  const missing: string[] = [];
  for (const tracepoint of tracepoints) {
    try {
      parts.use(attach(tracepoint, layout, programs));
    } catch (error) {
      missing.push(`${tracepoint}: ${messageOf(error)}`);
    }
  }
  if (missing.length === tracepoints.length) throw new Error(missing.join('; '));
  const owned = parts.move();
  return {
    events,
    neighborDrops,
    reasons: layout.reasons,
    missing,
    drain: () => ring.drain(),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Before Linux 5.13 the kernel cannot name functions. */
function attach(
  tracepoint: TracepointName,
  layout: KernelLayout,
  { symbolFormat, ...plain }: Required<Pick<PacketProgramRequest, 'tag' | 'ring' | 'notes' | 'symbolFormat'>>,
): Disposable {
  const load = (naming: { readonly symbolFormat?: number }): Disposable =>
    attachTracingProgram({
      name: `fl_${tracepoint}`,
      instructions: packetProgram({ tracepoint, layout, ...plain, ...naming }),
      tracepointTypeId: layout.tracepoints[tracepoint]?.typeId ?? 0,
    });
  try {
    return load({ symbolFormat });
  } catch (error) {
    if (layout.tracepoints[tracepoint]?.location === undefined) throw error;
    return load({});
  }
}
