import { constants } from 'node:fs';
import { open, readdir, rmdir, unlink } from 'node:fs/promises';
import { below, errnoName, pathBytes } from './file-calls.ts';

/**
 * Remove a file, or a directory with all that is in it, without following a link: each directory is held open, so one
 * that is replaced by a link meanwhile leads nowhere.
 *
 * @param path one character for each byte.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await unlink(pathBytes(path));
  } catch (error) {
    // unlink(2) of a directory is EISDIR on Linux, EPERM by POSIX.
    if (!['EISDIR', 'EPERM'].includes(errnoName(error))) throw error;
    await removeDirectory(path);
  }
}

async function removeDirectory(path: string): Promise<void> {
  {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    await using directory = await open(pathBytes(path), flags);
    const names = await readdir(below(directory.fd, ''), { encoding: 'latin1' });
    for (const name of names) await removeTree(below(directory.fd, name));
  }
  await rmdir(pathBytes(path));
}
