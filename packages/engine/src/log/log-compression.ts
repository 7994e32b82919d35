import { closeSync, createReadStream, createWriteStream, openSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { hasSystemCode } from '@fairlead/base';

/** Compress a file to another one. @returns false when the first one is not there any more. */
export async function compressFile(from: string, to: string): Promise<boolean> {
  const fd = tryOpen(from);
  if (fd === undefined) return false;
  // Best speed: a log is written while others wait for the processor, and it shrinks to a tenth anyway.
  await pipeline(createReadStream(from, { fd }), createGzip({ level: 1 }), createWriteStream(to, { mode: 0o640 }));
  return true;
}

/** What a compressed file holds, in a file that has a name no longer. @returns its descriptor. */
export async function expandFile(descriptor: number, path: string): Promise<number> {
  const part = `${path}-${process.pid}-${descriptor}`;
  const expanded = openSync(part, 'wx+', 0o600);
  rmSync(part);
  try {
    await pipeline(
      createReadStream(path, { fd: descriptor, autoClose: false, start: 0 }),
      createGunzip(),
      createWriteStream(part, { fd: expanded, autoClose: false }),
    );
    return expanded;
  } catch (error) {
    closeSync(expanded);
    throw error;
  }
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
