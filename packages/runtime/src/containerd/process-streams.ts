import { constants, mkdirSync, openSync, rmdirSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** mkfifo(3), which Node does not have: the composition root gives it. `mode` as in open(2). */
export type MakeFifo = (path: string, mode: number) => void | Promise<void>;

/** Which streams a process has. With a terminal everything comes out of one stream. */
export type StreamLayout = {
  /** Directory of the FIFOs; made when missing, and removed with them when it is empty. */
  readonly directory: string;
  readonly stdin: boolean;
  readonly terminal: boolean;
};

/** Paths of the FIFOs as the task service takes them; '' for a stream that is not there. */
export type StreamPaths = { readonly stdin: string; readonly stdout: string; readonly stderr: string };

/** How long a shim may take to open its end of stdin. */
const stdinAttempts = 200;

/**
 * The standard streams of one process: three FIFOs with the shim at their other ends.
 *
 * The order of opening matters. The shim's opening of an output waits for a reader, so outputs are opened before the
 * task is created. Opening stdin without waiting fails until the shim reads it, so it is opened afterwards. All are
 * opened non-blocking and polled by the event loop: a blocked `fs` read would occupy a thread for each stream.
 */
export class ProcessStreams implements Disposable {
  readonly paths: StreamPaths;
  /** Output; the only one when the process has a terminal. Closes when the last writer is gone. */
  readonly stdout: Socket;
  /** Error output; absent when the process has a terminal. */
  readonly stderr: Socket | undefined;
  readonly #directory: string;
  #stdin: Socket | undefined;

  private constructor(layout: StreamLayout) {
    this.#directory = layout.directory;
    this.paths = streamPaths(layout);
    this.stdout = openOutput(this.paths.stdout);
    this.stderr = this.paths.stderr === '' ? undefined : openOutput(this.paths.stderr);
  }

  /** Make the FIFOs for a process that is about to be created. What an earlier process left is replaced. */
  static async create(layout: StreamLayout, makeFifo: MakeFifo): Promise<ProcessStreams> {
    mkdirSync(layout.directory, { recursive: true, mode: 0o700 });
    const paths = Object.values(streamPaths(layout)).filter((path) => path !== '');
    for (const path of paths) {
      rmSync(path, { force: true });
      await makeFifo(path, 0o600);
    }
    return new ProcessStreams(layout);
  }

  /**
   * Open the FIFOs of a process that runs already, after a restart of this program. Output that the pipes held
   * meanwhile is delivered.
   *
   * @throws Error with code ENOENT when the FIFOs are gone.
   */
  static async reopen(layout: StreamLayout): Promise<ProcessStreams> {
    const streams = new ProcessStreams(layout);
    await streams.openStdin();
    return streams;
  }

  /** Input; undefined before `openStdin` and for a process without it. `end()` alone does not reach the process. */
  get stdin(): Socket | undefined {
    return this.#stdin;
  }

  /** Open stdin, once the shim has opened it: after Tasks.Create, or for an exec after Tasks.Start. */
  async openStdin(): Promise<void> {
    if (this.paths.stdin === '' || this.#stdin) return;
    const fd = await openForWriting(this.paths.stdin);
    if (fd === undefined) return;
    this.#stdin = quiet(new Socket({ fd, readable: false, writable: true }));
  }

  /** Close everything and remove the FIFOs. */
  [Symbol.dispose](): void {
    this.release();
    for (const path of Object.values(this.paths)) if (path !== '') rmSync(path, { force: true });
    removeIfEmpty(this.#directory);
  }

  /** Close our ends and leave the FIFOs: the process goes on, and `reopen` finds it. */
  release(): void {
    this.stdout.destroy();
    this.stderr?.destroy();
    this.#stdin?.destroy();
  }
}

/** Where the FIFOs of a process are. */
export function streamPaths({ directory, stdin, terminal }: StreamLayout): StreamPaths {
  return {
    stdin: stdin ? join(directory, 'stdin') : '',
    stdout: join(directory, 'stdout'),
    stderr: terminal ? '' : join(directory, 'stderr'),
  };
}

function openOutput(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return quiet(new Socket({ fd, readable: true, writable: false }));
}

/** A file descriptor, or undefined when nobody reads: the process has ended meanwhile. */
async function openForWriting(path: string): Promise<number | undefined> {
  for (let attempt = 0; attempt < stdinAttempts; attempt++) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      // ENXIO: no reader yet (fifo(7)).
      if (!hasErrno(error, 'ENXIO')) throw error;
    }
    await sleep(5);
  }
  return undefined;
}

/** A process that ends while it is written to is no error of ours; without a listener it would end the program. */
function quiet(socket: Socket): Socket {
  return socket.on('error', () => {});
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Other files are in it, or it is gone: both are as they should be.
  }
}

function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
