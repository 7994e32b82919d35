import type { OutputChunk } from '../container/stream-port.ts';

const newline = 10;

/** How far a log had come with the piece of output that was being made entries of. */
export interface LogProgress {
  /** True when all of the piece is in the log: what is kept of it is to be thrown away. */
  readonly isWritten: boolean;
  /** Where its entries are to be found; several when files were full meanwhile, for any may be the one that is found. */
  readonly places: readonly EntryPlace[];
  /** What waited for the end of its line before the piece, or after it when it is written. */
  readonly unfinished: readonly OutputChunk[];
}

/** Where entries of a piece begin in one of the files of its log. */
export interface EntryPlace {
  readonly inode: number;
  /** In bytes. */
  readonly offset: number;
  /** Entries of the piece that are in files before this one. */
  readonly before: number;
}

/** A record of progress. Records have numbers, so that the newest of two is known. */
export interface ProgressRecord {
  readonly number: number;
  readonly progress: LogProgress;
}

/** One line of Latin-1. Its number is at both ends: of one that was torn when the program was killed they differ. */
export function formatProgress({ number, progress }: ProgressRecord): string {
  const { isWritten, places, unfinished } = progress;
  const flat = places.map(({ inode, offset, before }) => [inode, offset, before]);
  const texts = unfinished.map(({ stream, data }) => [stream, Buffer.from(data).toString('latin1')]);
  return `${JSON.stringify([number, isWritten, flat, texts, number])}\n`;
}

/** @returns `undefined` for what is no whole record. @param text may go on after the record. */
export function parseProgress(text: string): ProgressRecord | undefined {
  try {
    const [number, isWritten, places, unfinished, last] = JSON.parse(text.slice(0, text.indexOf('\n')));
    if (typeof number !== 'number' || number !== last) return undefined;
    return {
      number,
      progress: { isWritten: isWritten === true, places: placesOf(places), unfinished: chunksOf(unfinished) },
    };
  } catch {
    return undefined;
  }
}

function placesOf(list: readonly (readonly [number, number, number])[]): EntryPlace[] {
  return list.map(([inode, offset, before]) => ({ inode, offset, before }));
}

function chunksOf(list: readonly (readonly [OutputChunk['stream'], string])[]): OutputChunk[] {
  return list.map(([stream, text]) => ({ stream, data: Buffer.from(text, 'latin1') }));
}

/** The newer of two records, each of which may be missing or torn. */
export function newest(one: ProgressRecord | undefined, other: ProgressRecord | undefined): ProgressRecord | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.number > other.number ? one : other;
}

/**
 * Entries of the piece that are in the log already.
 *
 * @param inode of the newest file of the log. One that is not known is another log.
 * @param countSince how many there are in it from an offset on.
 */
export function entriesWritten({ places }: LogProgress, inode: number, countSince: (offset: number) => number): number {
  const place = places.find((one) => one.inode === inode);
  return place === undefined ? 0 : place.before + countSince(place.offset);
}

/** What is left of entries without the first few. */
export function withoutFirst(count: number, entries: Uint8Array): Uint8Array {
  let start = 0;
  for (let rest = count; rest > 0 && start < entries.length; rest--) start = entries.indexOf(newline, start) + 1;
  return entries.subarray(start);
}

/** How many entries there are: each ends with the only newline that it has. */
export function countEntries(entries: Uint8Array): number {
  let count = 0;
  for (let at = entries.indexOf(newline); at >= 0; at = entries.indexOf(newline, at + 1)) count++;
  return count;
}
