import { isNotFound } from '@fairlead/base';
import type { Containerd, ExitStatus, ProcessReference, ProcessStreams } from '@fairlead/runtime';
import type { AttachedStreams, AttachOptions } from '../stream-port.ts';
import { type OutputSink, ProcessIo } from './process-io.ts';

/** What is recorded when containerd no longer knows how a process ended: its shim was killed, and SIGKILL took it along. */
const KILLED = 137;

/** A process with its streams, from before its start until it has ended and all of its output has been delivered. */
export class RunningProcess {
  readonly io: ProcessIo;
  readonly tty: boolean;
  readonly #tasks: Containerd['tasks'];
  readonly #reference: ProcessReference;
  readonly #streams: ProcessStreams;
  #size: { readonly rows: number; readonly columns: number } | undefined;
  readonly #started = Promise.withResolvers<void>();
  #hasStarted = false;
  #isOver = false;

  constructor(
    tasks: Containerd['tasks'],
    reference: ProcessReference,
    streams: ProcessStreams,
    options: { readonly tty: boolean; readonly sink: OutputSink },
  ) {
    this.#tasks = tasks;
    this.#reference = reference;
    this.#streams = streams;
    this.tty = options.tty;
    this.io = new ProcessIo(streams, options.sink);
  }

  /** False while clients attach to a process that nobody has started yet. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /**
   * A client's end of the streams.
   *
   * @param stdinOnce whether the process sees the end of its input when the client's has ended, or when the client has
   * gone. A terminal has no end of input.
   */
  attach(options: Pick<AttachOptions, 'stdin' | 'stdout' | 'stderr'>, stdinOnce: boolean): AttachedStreams {
    const { output, close } = this.io.subscribe();
    const closesStdin = options.stdin && stdinOnce && !this.tty;
    const wanted = async function* () {
      try {
        for await (const chunk of output) if (chunk.stream === 'stdout' ? options.stdout : options.stderr) yield chunk;
      } finally {
        close();
      }
    };
    return {
      output: wanted(),
      tty: this.tty,
      write: async (data) => {
        if (options.stdin) await this.#write(data);
      },
      end: async () => {
        if (closesStdin) await this.closeStdin();
      },
      detach: () => {
        close();
        if (closesStdin) void this.closeStdin();
      },
    };
  }

  /** End of input. */
  async closeStdin(): Promise<void> {
    await this.#started.promise;
    if (this.#isOver) return;
    await this.#tasks.closeStdin(this.#reference, this.#streams).catch(() => {
      // The process has ended before its input did.
    });
  }

  /** Size of the terminal; remembered when the process has not started yet. */
  async resize(rows: number, columns: number): Promise<void> {
    if (this.#hasStarted) await this.#tasks.resizeTerminal(this.#reference, columns, rows);
    else this.#size = { rows, columns };
  }

  /** The process is there and has not begun: its terminal gets the size that was asked for before it looks at it. */
  async created(): Promise<void> {
    if (this.#size === undefined) return;
    const { rows, columns } = this.#size;
    this.#size = undefined;
    await this.#tasks.resizeTerminal(this.#reference, columns, rows);
  }

  /** The process runs now, unless it has ended already. */
  started(): void {
    this.#hasStarted = true;
    this.#started.resolve();
    this.created().catch(() => {
      // A process that has ended needs no size.
    });
  }

  /** Resolves when the process has exited and its output has been read. */
  async ended(): Promise<ExitStatus> {
    const status = await this.#exit();
    this.#isOver = true;
    await this.io.drain();
    return status;
  }

  /** Let go of the streams and leave the process alone. */
  release(): void {
    this.#streams.release();
  }

  /** Close the streams and remove the pipes. */
  dispose(): void {
    this.#isOver = true;
    this.#started.resolve();
    this.#streams[Symbol.dispose]();
  }

  async #exit(): Promise<ExitStatus> {
    try {
      return await this.#tasks.wait(this.#reference);
    } catch (error) {
      if (isNotFound(error)) return { code: KILLED, exitedAt: new Date() };
      throw error;
    }
  }

  /** A client may write before the process is there to read. */
  async #write(data: Uint8Array): Promise<void> {
    await this.#started.promise;
    await this.#streams.write(data);
  }
}
