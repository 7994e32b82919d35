import type { OutputStream } from '@fairlead/runtime';
import type { OutputChunk } from '../stream-port.ts';

/** Bytes that may wait for one reader before the process has to wait for it. */
const HIGH_WATER = 1 << 20;

/**
 * How long a pipe may stay silent after the process has exited, in milliseconds. A child in the background can hold it
 * open as long as it likes; what a dead process left in it arrives at once.
 */
const SILENCE = 250;
/** How long one that does not stay silent is listened to, in milliseconds. */
const PATIENCE = 2000;

/** A reader of a process's output: a queue that it takes from at its own speed. */
class Subscription implements AsyncIterable<OutputChunk> {
  readonly #queue: OutputChunk[] = [];
  #bytes = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #drained: () => void;

  constructor(drained: () => void) {
    this.#drained = drained;
  }

  get full(): boolean {
    return this.#bytes > HIGH_WATER;
  }

  push(chunk: OutputChunk): void {
    if (this.#ended) return;
    this.#queue.push(chunk);
    this.#bytes += chunk.data.length;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputChunk, void, undefined> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk !== undefined) {
        const wasFull = this.full;
        this.#bytes -= chunk.data.length;
        if (wasFull && !this.full) this.#drained();
        yield chunk;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}

/**
 * Where every chunk goes besides the readers, its bytes only good during the call; a promise makes the process wait.
 *
 * @param letGo to be called once the chunk need not be kept for a successor.
 */
export type OutputSink = (chunk: OutputChunk, letGo: () => void) => undefined | Promise<void>;

/**
 * Takes the output of one process from its pipes and gives it to a log and to everybody who is attached. The process is
 * slowed down to the speed of the slowest of them.
 */
export class ProcessIo {
  readonly #outputs: readonly OutputStream[];
  readonly #sink: OutputSink;
  readonly #subscriptions = new Set<Subscription>();
  #sinkBusy = 0;
  #open: number;
  #received = 0;
  /** Chunks that have not been let go of. */
  #kept = 0;
  #draining = false;
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    streams: { readonly stdout: OutputStream; readonly stderr?: OutputStream | undefined },
    sink: OutputSink,
  ) {
    this.#sink = sink;
    this.#outputs = streams.stderr === undefined ? [streams.stdout] : [streams.stdout, streams.stderr];
    this.#open = this.#outputs.length;
    this.#read(streams.stdout, 'stdout');
    if (streams.stderr !== undefined) this.#read(streams.stderr, 'stderr');
  }

  /** Resolves when the last writer has closed its end, which may be long after the process has exited. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** True while somebody reads. */
  get isRead(): boolean {
    return this.#subscriptions.size > 0;
  }

  /** Read from now on. `close` stops early. */
  subscribe(): { readonly output: AsyncIterable<OutputChunk>; close(): void } {
    const subscription = new Subscription(() => this.#resume());
    if (this.#open === 0) subscription.end();
    else this.#subscriptions.add(subscription);
    const close = () => {
      this.#subscriptions.delete(subscription);
      subscription.end();
      this.#resume();
    };
    return { output: subscription, close };
  }

  /**
   * The process has exited: take what it left in its pipes, and stop. What is left there is no more than pipes hold, so
   * slow readers are not waited for: it stays in memory until they come for it. A log that keeps it in its pipe is.
   *
   * @param patience milliseconds for which a child in the background that goes on writing is listened to.
   */
  async drain(patience = PATIENCE): Promise<void> {
    this.#draining = true;
    this.#resume();
    const deadline = performance.now() + patience;
    const goesOn = (before: number) => before !== this.#received && performance.now() < deadline;
    for (let before = -1; this.#kept > 0 || goesOn(before); ) {
      before = this.#received;
      if (await this.#endedWithin(SILENCE)) return;
    }
    for (const output of this.#outputs) output.destroy();
    await this.ended;
  }

  async #endedWithin(milliseconds: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, milliseconds, false);
    try {
      return await Promise.race([this.ended.then(() => true), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #read(output: OutputStream, stream: OutputChunk['stream']): void {
    // An empty pipe without a writer closes by itself, which may have been before we came.
    if (output.closed) return this.#noteClosed();
    const letGo = () => {
      this.#kept--;
      output.letGo?.();
    };
    output.on('data', (data: Buffer) => {
      if (output.letGo !== undefined) this.#kept++;
      this.#deliver({ stream, data }, letGo);
    });
    output.on('close', () => this.#noteClosed());
    output.resume();
  }

  #noteClosed(): void {
    this.#open--;
    if (this.#open > 0) return;
    for (const subscription of this.#subscriptions) subscription.end();
    this.#subscriptions.clear();
    this.#ended.resolve();
  }

  #deliver(chunk: OutputChunk, letGo: () => void): void {
    this.#received += chunk.data.length;
    for (const subscription of this.#subscriptions) subscription.push(copyOf(chunk));
    const busy = this.#sink(chunk, letGo);
    if (busy !== undefined) void this.#awaitSink(busy);
    if (this.#mustWait()) this.#pause();
  }

  #pause(): void {
    for (const output of this.#outputs) output.pause();
  }

  async #awaitSink(busy: Promise<void>): Promise<void> {
    this.#sinkBusy++;
    try {
      await busy;
    } finally {
      this.#sinkBusy--;
      this.#resume();
    }
  }

  #resume(): void {
    if (!this.#mustWait()) for (const output of this.#outputs) output.resume();
  }

  #mustWait(): boolean {
    if (this.#draining) return false;
    return this.#sinkBusy > 0 || [...this.#subscriptions].some((subscription) => subscription.full);
  }
}

/** The next piece is read to the same place, and who has read one gives its memory back. */
function copyOf({ stream, data }: OutputChunk): OutputChunk {
  return { stream, data: Buffer.from(data) };
}
