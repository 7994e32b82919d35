import { messageOf } from '@fairlead/base';
import {
  EventRing,
  type LoadedProgram,
  loadTracingProgram,
  ProgramNotes,
  ProgramNumber,
  ProgramText,
} from '@fairlead/kernel/tracing';
import { type TracepointName, tracepoints } from '../program/kernel-layout.ts';
import { type PacketProgramRequest, packetProgram } from '../program/packet-program.ts';
import { kernelLayout } from './layout-source.ts';

/** Bytes; a probe makes some dozens of records of 280. */
const RING_BYTES = 1 << 17;
/** Packets under way at a time: the probe, its answer, and copies of them. */
const PACKETS = 1024;

/** Descriptors of what programs work with. */
type Tools = Readonly<Record<'tag' | 'ring' | 'notes' | 'symbolFormat', number>>;

/**
 * Programs that look at packets, and what they write to. Having them made by the kernel takes longer than all else of a
 * trace, so they are kept for the next one; as long as they are attached nowhere they cost nobody anything.
 */
export class PacketTap implements Disposable {
  /** The number that packets are recognised by, as `tagWord` has it. */
  readonly tag: ProgramNumber;
  readonly ring: EventRing;
  readonly programs: ReadonlyMap<TracepointName, LoadedProgram>;
  /** What could not be had, in words. */
  readonly missing: readonly string[];
  readonly #parts: DisposableStack;

  /** @throws Error when this kernel, or our rights, do not allow any: the message says which. */
  constructor() {
    using parts = new DisposableStack();
    this.ring = parts.use(new EventRing(RING_BYTES));
    this.tag = parts.use(new ProgramNumber());
    const format = parts.use(new ProgramText('%ps'));
    const notes = parts.use(new ProgramNotes(PACKETS));
    const tools = {
      tag: this.tag.descriptor,
      ring: this.ring.descriptor,
      notes: notes.descriptor,
      symbolFormat: format.descriptor,
    };
    const programs = new Map<TracepointName, LoadedProgram>();
    const missing: string[] = [];
    for (const tracepoint of tracepoints) {
      try {
        programs.set(tracepoint, parts.use(load(tracepoint, tools)));
      } catch (error) {
        missing.push(`${tracepoint}: ${messageOf(error)}`);
      }
    }
    if (programs.size === 0) throw new Error(missing.join('; '));
    this.programs = programs;
    this.missing = missing;
    this.#parts = parts.move();
  }

  [Symbol.dispose](): void {
    this.#parts.dispose();
  }
}

/** What can be done without: looking at packets where they are (Linux 6.2), and names of functions (5.13). */
function load(tracepoint: TracepointName, { symbolFormat, ...plain }: Tools): LoadedProgram {
  const { view, ...layout } = kernelLayout();
  const attempt = (extras: Pick<PacketProgramRequest, 'layout' | 'symbolFormat'>): LoadedProgram =>
    loadTracingProgram({
      name: `fl_${tracepoint}`,
      instructions: packetProgram({ tracepoint, ...plain, ...extras }),
      tracepointTypeId: layout.tracepoints[tracepoint]?.typeId ?? 0,
    });
  const less = [{ layout, symbolFormat }, { layout }];
  return firstThatLoads(attempt, view === undefined ? less : [{ layout: { ...layout, view }, symbolFormat }, ...less]);
}

function firstThatLoads<T>(attempt: (choice: T) => LoadedProgram, [first, ...others]: readonly T[]): LoadedProgram {
  if (first === undefined) throw new Error('nothing to load');
  try {
    return attempt(first);
  } catch (error) {
    if (others.length === 0) throw error;
    return firstThatLoads(attempt, others);
  }
}

let idle: PacketTap | undefined;

/** One for the caller alone, until it is given back. @throws as the constructor. */
export function takePacketTap(): PacketTap {
  const tap = idle ?? new PacketTap();
  idle = undefined;
  return tap;
}

/** One that is attached nowhere any more: it is kept for the next who asks, where none is yet. */
export function givePacketTapBack(tap: PacketTap): void {
  if (idle === undefined) idle = tap;
  else tap[Symbol.dispose]();
}

/** True where packets can be looked at: what is made to find out is kept. */
export function canTapPackets(): boolean {
  try {
    givePacketTapBack(takePacketTap());
    return true;
  } catch {
    return false;
  }
}
