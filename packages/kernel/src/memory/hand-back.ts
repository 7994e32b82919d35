import { readFileSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { madvise, trimHeap } from '../system-call/syscalls.ts';
import { programPages } from './program-pages.ts';

const MADV_DONTNEED = 4;
const MADV_COLD = 20;

let collect: (() => void) | undefined;

/**
 * Collect what no object leads to any more, and give the kernel the pages that are free then: those of V8's heap and those of
 * the C library's. Nothing else runs meanwhile: some 20 ms with a heap of 20 MB.
 */
export function handBackGarbage(): void {
  collect ??= collector();
  collect();
  trimHeap();
}

/**
 * Take this program's own code and constants, as far as they are as in its file, off this process. They stay in the kernel's
 * cache of files, as the first that it gives to others who need memory; whoever needs one of them meanwhile finds it there, a
 * sixteenth of a megabyte at a time and without the disk.
 */
export function handBackProgram(): void {
  for (const { start, length } of programPages(
    readFileSync('/proc/self/smaps', 'utf8'),
    readlinkSync('/proc/self/exe'),
  )) {
    // In this order: pages that are taken off a process count as used just now, unless they were called cold before.
    madvise(start, length, MADV_COLD);
    madvise(start, length, MADV_DONTNEED);
  }
}

/** V8's collector, which is only to be had under a flag. Code is kept compiled for certain flags, so it is taken back. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: (options: object) => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  // As if memory were short: pages of the heap that are nearly empty are emptied, and given back at once.
  return () => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
