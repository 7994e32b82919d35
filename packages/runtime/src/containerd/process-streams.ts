import { constants, mkdirSync, openSync, rmdirSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** mkfifo(3), which Node does not have: the composition root gives it. `mode` as in open(2). */
export type MakeFifo = (path: string, mode: number) => void | Promise<void>;

/** `F_SETPIPE_SZ` of fcntl(2), given likewise: how many bytes a pipe holds before its writer has to wait. */
export type SetPipeCapacity = (descriptor: number, bytes: number) => void;

/** Which streams a process has. With a terminal everything comes out of one stream. */
export type StreamLayout = {
  /** Directory of the FIFOs; made when missing, and removed with them when it is empty. */
  readonly directory: string;
  readonly stdin: boolean;
  readonly terminal: boolean;
};

/** The system calls that pipes need. */
export type PipeCalls = { readonly makeFifo: MakeFifo; readonly setPipeCapacity: SetPipeCapacity };

/** Paths of the FIFOs as the task service takes them; '' for a stream that is not there. */
export type StreamPaths = { readonly stdin: string; readonly stdout: string; readonly stderr: string };

/** How long a shim may take to open its end of stdin. */
const stdinAttempts = 200;

/**
 * What a pipe is made to hold once so much came through it at a time: each time that it is full or empty two processes
 * change places on the processor. Not every pipe from the start, for the kernel counts what they all could hold, and gives
 * users who have 64 MiB in pipes next to nothing for new ones (pipe(7), pipe-user-pages-soft).
 */
const wideCapacity = 1 << 18;
const loud = 1 << 15;

/**
 * Where all output is read to, one read at a time. Longer than what pipes hold: a read that does not fill it tells libuv that
 * this pipe is empty, so that everybody else has a turn after each read. Without that it reads a busy pipe 32 times.
 */
const readBuffer = Buffer.allocUnsafeSlow(wideCapacity + 4096);

/**
 * The standard streams of one process: three FIFOs with the shim at their other ends.
 *
 * The order of opening matters. The shim's opening of an output waits for a reader, so outputs are opened before the
 * task is created. Opening stdin without waiting fails until the shim reads it, so it is opened afterwards. All are
 * opened non-blocking and polled by the event loop: a blocked `fs` read would occupy a thread for each stream.
 */
export class ProcessStreams implements Disposable {
  readonly paths: StreamPaths;
  /**
   * Output; the only one when the process has a terminal. Nothing is read before `resume` is called; each piece is given to
   * listeners of `data` alone, who must have copied or used it when they return. Closes when the last writer is gone.
   */
  readonly stdout: Socket;
  /** Error output; absent when the process has a terminal. */
  readonly stderr: Socket | undefined;
  readonly #directory: string;
  readonly #setPipeCapacity: SetPipeCapacity;
  #stdin: Socket | undefined;
  #widenStdin = once(() => {});

  private constructor(layout: StreamLayout, setPipeCapacity: SetPipeCapacity) {
    this.#directory = layout.directory;
    this.#setPipeCapacity = setPipeCapacity;
    this.paths = streamPaths(layout);
    this.stdout = openOutput(this.paths.stdout, setPipeCapacity);
    this.stderr = this.paths.stderr === '' ? undefined : openOutput(this.paths.stderr, setPipeCapacity);
  }

  /** Make the FIFOs for a process that is about to be created. What an earlier process left is replaced. */
  static async create(layout: StreamLayout, { makeFifo, setPipeCapacity }: PipeCalls): Promise<ProcessStreams> {
    mkdirSync(layout.directory, { recursive: true, mode: 0o700 });
    const paths = Object.values(streamPaths(layout)).filter((path) => path !== '');
    for (const path of paths) {
      rmSync(path, { force: true });
      await makeFifo(path, 0o600);
    }
    return new ProcessStreams(layout, setPipeCapacity);
  }

  /**
   * Open the FIFOs of a process that runs already, after a restart of this program. Output that the pipes held
   * meanwhile is delivered.
   *
   * @throws Error with code ENOENT when the FIFOs are gone.
   */
  static async reopen(
    layout: StreamLayout,
    { setPipeCapacity }: Pick<PipeCalls, 'setPipeCapacity'>,
  ): Promise<ProcessStreams> {
    const streams = new ProcessStreams(layout, setPipeCapacity);
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
    this.#widenStdin = widener(fd, this.#setPipeCapacity);
  }

  /** Write to stdin, which must be open. Resolves when there is room for more, or nobody is there any more. */
  async write(data: Uint8Array): Promise<void> {
    const stdin = this.#stdin;
    if (stdin === undefined || stdin.destroyed || stdin.writableEnded) return;
    if (data.length >= loud) this.#widenStdin();
    await new Promise<void>((resolve) => stdin.write(data, () => resolve()));
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

function openOutput(path: string, setPipeCapacity: SetPipeCapacity): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const widen = widener(fd, setPipeCapacity);
  const callback = (count: number) => {
    if (count >= loud) widen();
    socket.emit('data', readBuffer.subarray(0, count));
    // What nobody listens to is read all the same: its process would wait for ever.
    return true;
  };
  const onread = { buffer: readBuffer, callback };
  const socket: Socket = quiet(new Socket({ fd, readable: true, writable: false, onread }));
  // It would read before anybody listens.
  return socket.pause();
}

/** Makes a pipe hold more, once. */
function widener(descriptor: number, setPipeCapacity: SetPipeCapacity): () => void {
  return once(() => setPipeCapacity(descriptor, wideCapacity));
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    try {
      work();
    } catch {
      // The kernel may allow no more (pipe-max-size): it goes on as it was, only slower.
    }
  };
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
