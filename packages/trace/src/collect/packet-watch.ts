import { messageOf } from '@fairlead/base';
import { readNeighborPacketAnywhere } from '../packet/carried-packet.ts';
import { decodeEventRecord, type EventRecord } from '../program/event-record.ts';
import { tagWord } from '../program/tag-search.ts';
import { kernelLayout } from './layout-source.ts';
import { givePacketTapBack, type PacketTap, takePacketTap } from './packet-tap.ts';

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

/** What is seen: a packet with the tag, or of neighbours. */
export type SeenPacket = 'probe' | 'neighbor';

/**
 * Look at all packets with the tag, from the kernel's tracepoints. Everything goes with the process, also when it is
 * killed.
 *
 * @param hear is called for each that is seen.
 * @throws Error when this kernel, or our rights, do not allow it: the message says which.
 */
export function watchPackets(tag: number, hear: (seen: SeenPacket) => void = () => {}): PacketWatch {
  using parts = new DisposableStack();
  const events: EventRecord[] = [];
  const neighborDrops: EventRecord[] = [];
  const take = (bytes: Uint8Array): void => {
    const record = decodeEventRecord(bytes);
    const seen = readNeighborPacketAnywhere(record.bytes) === undefined ? 'probe' : 'neighbor';
    (seen === 'probe' ? events : neighborDrops).push(record);
    hear(seen);
  };
  const tap = parts.adopt(takePacketTap(), givePacketTapBack);
  tap.tag.set(tagWord(tag));
  const reading = parts.use(tap.ring.read(take));
  const missing = [...tap.missing, ...attachAll(tap, parts)];
  const owned = parts.move();
  return {
    events,
    neighborDrops,
    reasons: kernelLayout().reasons,
    missing,
    drain: () => reading.drain(),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** @returns what could not be attached. @throws Error when nothing could. */
function attachAll({ programs }: PacketTap, parts: DisposableStack): string[] {
  const missing: string[] = [];
  for (const [tracepoint, program] of programs) {
    try {
      parts.use(program.attach());
    } catch (error) {
      missing.push(`${tracepoint}: ${messageOf(error)}`);
    }
  }
  if (missing.length === programs.size) throw new Error(missing.join('; '));
  return missing;
}
