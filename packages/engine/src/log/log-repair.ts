import type { FileHandle } from 'node:fs/promises';
import { parseEntry } from './log-entry.ts';
import { findTail } from './log-tail.ts';

/**
 * Make a log end with a whole entry. When the program was killed, or the disk was full, the last one can be torn: it is
 * taken away, or gets its newline when that is all it lacks.
 */
export async function repairLog(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const { offset: whole } = await findTail(file, size, 0);
  if (whole === size) return;
  const torn = Buffer.alloc(size - whole);
  await file.read(torn, 0, torn.length, whole);
  if (parseEntry(torn.toString()) === undefined) await file.truncate(whole);
  else await file.appendFile('\n');
}
