import type { EventEmitter } from 'node:events';

/** `F_SETPIPE_SZ` of fcntl(2): how many bytes a pipe holds before its writer has to wait. The composition root gives it. */
export type SetPipeCapacity = (descriptor: number, bytes: number) => void;

/**
 * What comes out of a process. Nothing is read before `resume` is called; each piece is given to listeners of `data` alone,
 * who must have copied or used it when they return. It emits `close` when the last writer is gone.
 */
export interface OutputStream extends EventEmitter {
  readonly closed: boolean;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
  /**
   * The last piece is needed no more. Only streams that keep what they gave have it: there is no next piece before it is
   * called, and a program that is killed before leaves the piece to its successor.
   */
  letGo?(): void;
  /** What a program that was killed had not let go of; to be let go of before anything is read. */
  left?(): Buffer;
}

/** Where the second pipe of an output is that is kept. */
export function keptPath(path: string): string {
  return `${path}.kept`;
}

/**
 * What a pipe is made to hold once so much came through it at a time: each time that it is full or empty two processes
 * change places on the processor. Not every pipe from the start, for the kernel counts what they all could hold, and gives
 * users who have 64 MiB in pipes next to nothing for new ones (pipe(7), pipe-user-pages-soft).
 */
export const wideCapacity: number = 1 << 18;

/** Bytes at a time from which on a pipe is made wide. */
export const loud: number = 1 << 15;

/**
 * Where all output is read to, one read at a time. Longer than what pipes hold: a read that does not fill it tells libuv that
 * this pipe is empty, so that everybody else has a turn after each read. Without that it reads a busy pipe 32 times.
 */
export const readBuffer: Buffer = Buffer.allocUnsafeSlow(wideCapacity + 4096);

/** The kernel may allow no more (pipe-max-size): then a pipe goes on as it was, only slower. */
export function setQuietly(setPipeCapacity: SetPipeCapacity, descriptor: number, bytes: number): void {
  try {
    setPipeCapacity(descriptor, bytes);
  } catch {
    // It holds what it held.
  }
}
