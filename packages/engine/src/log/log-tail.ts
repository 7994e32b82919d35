import type { LogSegment } from './log-segment.ts';

const blockSize = 1 << 16;
const newline = 10;

/** Where the last lines begin. */
export interface Tail {
  /** In bytes. */
  readonly offset: number;
  /** Lines that are wanted and that the file does not have. */
  readonly missing: number;
}

/**
 * Find the last `count` whole lines of a file; with a `count` of 0 where the last whole line ends.
 *
 * Reads backwards, so the cost is that of the lines and not of the file.
 *
 * @param size where the file ends. A line without newline at the end is not counted.
 */
export async function findTail(file: Pick<LogSegment, 'read'>, size: number, count: number): Promise<Tail> {
  const block = Buffer.allocUnsafe(Math.min(blockSize, size));
  // The newline before the first wanted line is looked for as well.
  let missing = count + 1;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    let found = block.subarray(0, bytesRead).lastIndexOf(newline);
    while (found >= 0) {
      missing--;
      if (missing === 0) return { offset: start + found + 1, missing: 0 };
      found = found === 0 ? -1 : block.lastIndexOf(newline, found - 1);
    }
    end = start;
  }
  return { offset: 0, missing: missing - 1 };
}
