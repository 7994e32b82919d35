import { constants, mkdirSync, openSync, rmdirSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasSystemCode, usualModule } from '@fairlead/base';
import type { KeepingCalls } from './kept-output.ts';
import {
  keptPath,
  loud,
  type OutputStream,
  readBuffer,
  type SetPipeCapacity,
  setQuietly,
  wideCapacity,
} from './output-stream.ts';

const keptOutput = usualModule(() => import('./kept-output.ts'));

/** mkfifo(3), which Node does not have: the composition root gives it. `mode` as in open(2). */
export type MakeFifo = (path: string, mode: number) => void | Promise<void>;

/** Which streams a process has. With a terminal everything comes out of one stream. */
export type StreamLayout = {
  /** Directory of the FIFOs; made when missing, and removed with them when it is empty. */
  readonly directory: string;
  readonly stdin: boolean;
  readonly terminal: boolean;
};

/** The system calls that pipes need; with the rest of them output stays where it is until it is let go of. */
export type PipeCalls = {
  readonly makeFifo: MakeFifo;
  readonly setPipeCapacity: SetPipeCapacity;
  readonly keeping?: KeepingCalls | undefined;
};

type Outputs = Pick<ProcessStreams, 'stdout' | 'stderr'>;

/** What an earlier program had taken from a stream when it was killed. */
export type LeftOutput = { readonly stream: 'stdout' | 'stderr'; readonly data: Buffer; readonly letGo: () => void };

/** Paths of the FIFOs as the task service takes them; '' for a stream that is not there. */
export type StreamPaths = { readonly stdin: string; readonly stdout: string; readonly stderr: string };

/**
 * What the pipe of an input holds that much comes for. As long as it has room nobody changes places with the shim, which takes
 * 32 KiB at a time: with 1 MiB half as often as with 256 KiB.
 */
const inputCapacity = 1 << 20;

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
  /** Output; the only one when the process has a terminal. */
  readonly stdout: OutputStream;
  /** Error output; absent when the process has a terminal. */
  readonly stderr: OutputStream | undefined;
  readonly #directory: string;
  readonly #setPipeCapacity: SetPipeCapacity;
  #stdin: Socket | undefined;
  #widenStdin = () => {};

  private constructor(layout: StreamLayout, outputs: Outputs, setPipeCapacity: SetPipeCapacity) {
    this.#directory = layout.directory;
    this.#setPipeCapacity = setPipeCapacity;
    this.paths = streamPaths(layout);
    this.stdout = outputs.stdout;
    this.stderr = outputs.stderr;
  }

  /** Make the FIFOs for a process that is about to be created. What an earlier process left is replaced. */
  static async create(layout: StreamLayout, calls: PipeCalls): Promise<ProcessStreams> {
    mkdirSync(layout.directory, { recursive: true, mode: 0o700 });
    const paths = streamPaths(layout);
    for (const path of [paths.stdin, ...heldPaths(paths, true)]) if (path !== '') rmSync(path, { force: true });
    for (const path of Object.values(paths)) if (path !== '') await calls.makeFifo(path, 0o600);
    return new ProcessStreams(layout, await openOutputs(streamPaths(layout), calls), calls.setPipeCapacity);
  }

  /**
   * Open the FIFOs of a process that runs already, after a restart of this program. Output that the pipes held
   * meanwhile is delivered, after what was {@link left}.
   *
   * @throws Error with code ENOENT when the FIFOs are gone.
   */
  static async reopen(layout: StreamLayout, calls: Omit<PipeCalls, 'makeFifo'>): Promise<ProcessStreams> {
    const streams = new ProcessStreams(layout, await openOutputs(streamPaths(layout), calls), calls.setPipeCapacity);
    await streams.openStdin();
    return streams;
  }

  /** What an earlier program took and did not let go of; it is to be let go of before anything is read. */
  left(): LeftOutput[] {
    return [leftOf('stdout', this.stdout), leftOf('stderr', this.stderr)].flatMap((left) => left ?? []);
  }

  /** What somebody else has to hold open, lest a process fail or output be lost while this program is away. */
  get heldPaths(): readonly string[] {
    return heldPaths(this.paths, this.stdout.left !== undefined);
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
    this.#widenStdin = widener(fd, this.#setPipeCapacity, inputCapacity);
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
    for (const path of [this.paths.stdin, ...this.heldPaths]) if (path !== '') rmSync(path, { force: true });
    this.removeDirectory();
  }

  /** Nothing else is in the directory any more. */
  removeDirectory(): void {
    try {
      rmdirSync(this.#directory);
    } catch {
      // Other files are in it, or it is gone: both are as they should be.
    }
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

/** The pipes of a process's output and, where output is kept, the second ones. */
export function heldPaths({ stdout, stderr }: StreamPaths, isKept: boolean): string[] {
  const outputs = [stdout, stderr].filter((path) => path !== '');
  return isKept ? outputs.flatMap((path) => [path, keptPath(path)]) : outputs;
}

async function openOutputs(paths: StreamPaths, calls: Omit<PipeCalls, 'makeFifo'>) {
  const open = async (path: string) => {
    if (calls.keeping === undefined) return openOutput(path, calls.setPipeCapacity);
    const { KeptOutput } = await keptOutput();
    return await KeptOutput.open(path, calls.keeping);
  };
  return { stdout: await open(paths.stdout), stderr: paths.stderr === '' ? undefined : await open(paths.stderr) };
}

function openOutput(path: string, setPipeCapacity: SetPipeCapacity): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const widen = widener(fd, setPipeCapacity, wideCapacity);
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

function leftOf(stream: LeftOutput['stream'], output: OutputStream | undefined): LeftOutput | undefined {
  const data = output?.left?.() ?? Buffer.alloc(0);
  return data.length === 0 ? undefined : { stream, data, letGo: () => output?.letGo?.() };
}

/** Makes a pipe hold more, once. */
function widener(descriptor: number, setPipeCapacity: SetPipeCapacity, bytes: number): () => void {
  let isDone = false;
  return () => {
    if (!isDone) setQuietly(setPipeCapacity, descriptor, bytes);
    isDone = true;
  };
}

/** A file descriptor, or undefined when nobody reads: the process has ended meanwhile. */
async function openForWriting(path: string): Promise<number | undefined> {
  for (let attempt = 0; attempt < stdinAttempts; attempt++) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      // ENXIO: no reader yet (fifo(7)).
      if (!hasSystemCode(error, 'ENXIO')) throw error;
    }
    await sleep(5);
  }
  return undefined;
}

/** A process that ends while it is written to is no error of ours; without a listener it would end the program. */
function quiet(socket: Socket): Socket {
  return socket.on('error', () => {});
}
