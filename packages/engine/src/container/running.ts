import { setTimeout as sleep } from 'node:timers/promises';
import type { Containerd, ExitStatus, ProcessReference, ProcessStreams } from '@fairlead/runtime';
import type { AttachedStreams, AttachOptions } from '../engine-port.ts';
import { type OutputSink, ProcessIo } from './process-io.ts';

/**
 * How long output may go on after the process has exited. A child in the background can hold the pipe open as long as
 * it likes; what a dead process left in the pipe arrives at once.
 */
const OUTPUT_GRACE_MS = 250;

/** A process with its streams, from its start until it has ended and all of its output has been delivered. */
export class RunningProcess {
  readonly io: ProcessIo;
  readonly tty: boolean;
  readonly #tasks: Containerd['tasks'];
  readonly #reference: ProcessReference;
  readonly #streams: ProcessStreams;
  #size: { readonly rows: number; readonly columns: number } | undefined;
  readonly #started = Promise.withResolvers<void>();
  #hasStarted = false;

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

  /**
   * A client's end of the streams.
   *
   * @param closesStdin whether the process sees the end of its input when the client's has ended.
   */
  attach(options: Pick<AttachOptions, 'stdin' | 'stdout' | 'stderr'>, closesStdin: boolean): AttachedStreams {
    const { output, close } = this.io.subscribe();
    const wanted = async function* () {
      for await (const chunk of output) if (chunk.stream === 'stdout' ? options.stdout : options.stderr) yield chunk;
    };
    return {
      output: wanted(),
      tty: this.tty,
      write: async (data) => {
        if (options.stdin) await this.#write(data);
      },
      end: async () => {
        if (options.stdin && closesStdin) await this.closeStdin();
      },
      detach: close,
    };
  }

  /** End of input. */
  async closeStdin(): Promise<void> {
    await this.#started.promise;
    await this.#tasks.closeStdin(this.#reference, this.#streams).catch(() => {
      // The process has ended before its input did.
    });
  }

  /** Size of the terminal; remembered when the process has not started yet. */
  async resize(rows: number, columns: number): Promise<void> {
    this.#size = { rows, columns };
    if (this.#hasStarted) await this.#tasks.resizeTerminal(this.#reference, columns, rows);
  }

  /** The process runs now. */
  async started(): Promise<void> {
    this.#hasStarted = true;
    this.#started.resolve();
    if (this.#size !== undefined) await this.resize(this.#size.rows, this.#size.columns);
  }

  /** Resolves when the process has exited and its output has been read. */
  async ended(): Promise<ExitStatus> {
    const status = await this.#tasks.wait(this.#reference);
    await this.drain();
    return status;
  }

  /** Read what a process that has exited left in its pipes. */
  async drain(): Promise<void> {
    await Promise.race([this.io.ended, sleep(OUTPUT_GRACE_MS)]);
    this.io.finish();
    await this.io.ended;
  }

  /** Let go of the streams and leave the process alone. */
  release(): void {
    this.#streams.release();
  }

  /** Close the streams and remove the pipes. */
  dispose(): void {
    this.#started.resolve();
    this.#streams[Symbol.dispose]();
  }

  /** A client may write before the process is there to read. */
  async #write(data: Uint8Array): Promise<void> {
    await this.#started.promise;
    const { stdin } = this.#streams;
    if (stdin === undefined || stdin.destroyed || stdin.writableEnded) return;
    await new Promise<void>((resolve) => stdin.write(data, () => resolve()));
  }
}
