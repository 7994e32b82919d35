import { fcntl, mkfifo, pipe2, splice, tee } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

const F_SETPIPE_SZ = 1031;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const SPLICE_F_NONBLOCK = 2;

/** Both ends of a pipe without a name, as descriptors that never wait. */
export interface Pipe {
  readonly reading: number;
  readonly writing: number;
}

/**
 * Make a named pipe; the process's umask applies to `mode`.
 *
 * @throws SystemCallError `EEXIST` when the path is taken.
 */
export function makeFifo(path: string, mode: number): void {
  mkfifo(path, mode);
}

/** Make a pipe without a name. */
export function openPipe(): Pipe {
  const descriptors = new Int32Array(2);
  pipe2(new Uint8Array(descriptors.buffer), O_NONBLOCK | O_CLOEXEC);
  const [reading = -1, writing = -1] = descriptors;
  return { reading, writing };
}

/** Set how many bytes a pipe holds before its writer blocks; the kernel rounds up to a power of two of pages. */
export function setPipeCapacity(descriptor: number, bytes: number): number {
  return fcntl(descriptor, F_SETPIPE_SZ, bytes);
}

/**
 * Move bytes from a pipe elsewhere without copying them. Between two pipes they are moved all together or, when this process
 * is killed meanwhile, not at all (fs/splice.c, splice_pipe_to_pipe, looks at signals only before it moves anything).
 *
 * @returns how many; 0 when there are none and nobody writes any more, `undefined` when it would have to wait.
 */
export function movePipe(from: number, to: number, count: number): number | undefined {
  return unlessItWaits(() => splice(from, null, to, null, count, SPLICE_F_NONBLOCK));
}

/** Have a second pipe hold what the first one holds, and likewise without copying. @returns as {@link movePipe}. */
export function copyPipe(from: number, to: number, count: number): number | undefined {
  return unlessItWaits(() => tee(from, to, count, SPLICE_F_NONBLOCK));
}

function unlessItWaits(call: () => number): number | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === 'EAGAIN') return undefined;
    throw error;
  }
}
