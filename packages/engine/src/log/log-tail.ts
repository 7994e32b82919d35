import type { FileHandle } from 'node:fs/promises';

const blockSize = 1 << 16;
const newline = 10;

/**
 * Offset at which the last `count` whole lines of a file begin; with a `count` of 0 where the last whole line ends.
 *
 * Reads backwards, so the cost is that of the lines and not of the file.
 *
 * @param size where the file ends. A line without newline at the end is not counted.
 */
export async function tailOffset(file: Pick<FileHandle, 'read'>, size: number, count: number): Promise<number> {
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
      if (missing === 0) return start + found + 1;
      found = found === 0 ? -1 : block.lastIndexOf(newline, found - 1);
    }
    end = start;
  }
  return 0;
}
