import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { errnoOf } from '../system-call/errno-of.ts';
import { flock } from '../system-call/syscalls.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Lock a file until it is disposed of, or this process ends, however it ends (flock(2)). It is made when it is missing, and
 * says which process has it.
 *
 * @returns what the one who has it has written into it, if somebody has.
 * @throws SystemCallError, and Node's error when the file cannot be made.
 */
export function lockFile(path: string): Disposable | { readonly holder: string } {
  const descriptor = openSync(path, 'a+', 0o600);
  try {
    flock(descriptor, LOCK_EX | LOCK_NB);
    ftruncateSync(descriptor);
    writeSync(descriptor, `${process.pid}\n`);
    return { [Symbol.dispose]: () => closeSync(descriptor) };
  } catch (error) {
    closeSync(descriptor);
    if (errnoOf(error) !== 'EAGAIN') throw error;
    return { holder: readFileSync(path, 'utf8').trim() };
  }
}
