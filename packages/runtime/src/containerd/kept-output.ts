import { EventEmitter } from 'node:events';
import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { gatheringMs, OutputPace, type Wait } from './output-pace.ts';
import {
  keptPath,
  type OutputStream,
  readBuffer,
  type SetPipeCapacity,
  setQuietly,
  wideCapacity,
} from './output-stream.ts';

/** Calls of the kernel that {@link KeptOutput} needs and Node does not have: the composition root gives them. */
export type KeepingCalls = {
  readonly makeFifo: (path: string, mode: number) => void | Promise<void>;
  readonly setPipeCapacity: SetPipeCapacity;
  readonly openPipe: () => Pipe;
  /** splice(2): between pipes all or nothing. @returns 0 at the end, `undefined` when it would have to wait. */
  readonly movePipe: (from: number, to: number, count: number) => number | undefined;
  /** tee(2), likewise. */
  readonly copyPipe: (from: number, to: number, count: number) => number | undefined;
  /** Calls on the event loop whenever something can be read, until disposed. */
  readonly whenReadable: (descriptor: number, work: () => void) => Disposable;
};

type Pipe = { readonly reading: number; readonly writing: number };

/**
 * What the second pipe holds. It grows when as much as half of it came at a time, and the process's own with the last step:
 * the kernel counts what all pipes could hold, and most processes write lines.
 */
const capacities = [1 << 13, 1 << 16, wideCapacity];
/** What the process's own holds then: it is not to be full before what came meanwhile is taken. */
const sourceCapacity = 2 * wideCapacity;

/**
 * Output that is not lost when this program is killed while it works on it.
 *
 * What the process's pipe has is moved to a second one, which somebody else holds open as well, and what is given to
 * listeners is a copy. There it stays until it is let go of, or a successor finds it ({@link left}). Moving, copying and
 * letting go cost some microseconds, however much it is, for they move pages from list to list.
 */
export class KeptOutput extends EventEmitter implements OutputStream {
  readonly #calls: KeepingCalls;
  readonly #source: number;
  readonly #kept: number;
  #step = 0;
  readonly #pace = new OutputPace(wideCapacity);
  #wait: Wait = 'readable';
  /** What has the next piece taken. */
  #awaited: Disposable | undefined;
  #isWanted = false;
  /** Bytes in the second pipe. */
  #held = 0;
  #closed = false;

  private constructor(path: string, calls: KeepingCalls) {
    super();
    this.#calls = calls;
    this.#source = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#kept = openSync(keptPath(path), constants.O_RDWR | constants.O_NONBLOCK);
  }

  /** Open the pipes of an output. A process that an earlier version of this program began has no second one yet. */
  static async open(path: string, calls: KeepingCalls): Promise<KeptOutput> {
    const isThere = existsSync(keptPath(path));
    if (!isThere) await calls.makeFifo(keptPath(path), 0o600);
    const output = new KeptOutput(path, calls);
    if (!isThere) output.#resize(output.#kept);
    return output;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What an earlier program took and did not let go of; to be let go of now. */
  left(): Buffer {
    this.#held = this.#calls.copyPipe(this.#kept, sharedPipe(this.#calls).writing, wideCapacity) ?? 0;
    return Buffer.from(this.#copied(this.#held));
  }

  resume(): this {
    this.#isWanted = true;
    this.#listen();
    return this;
  }

  pause(): this {
    this.#isWanted = false;
    this.#stopListening();
    return this;
  }

  letGo(): void {
    if (this.#held === 0) return;
    const shared = sharedPipe(this.#calls);
    // All at once, so that no successor finds a part of it; what becomes of it then is only ours.
    const moved = this.#calls.movePipe(this.#kept, shared.writing, this.#held) ?? 0;
    for (let rest = moved; rest > 0; ) rest -= this.#calls.movePipe(shared.reading, shared.nowhere, rest) ?? rest;
    this.#held = 0;
    if (this.#closed) closeSync(this.#kept);
    else this.#listen();
  }

  destroy(): this {
    if (this.#closed) return this;
    this.pause();
    this.#closed = true;
    closeSync(this.#source);
    // What somebody still works on is let go of later: a successor that found it would write it again.
    if (this.#held === 0) closeSync(this.#kept);
    this.emit('close');
    return this;
  }

  #listen(): void {
    if (this.#closed || !this.#isWanted || this.#held > 0) return;
    this.#awaited ??= this.#next();
  }

  #next(): Disposable {
    if (this.#wait === 'readable') return this.#calls.whenReadable(this.#source, () => this.#take());
    const take = () => {
      this.#stopListening();
      this.#take();
    };
    return this.#wait === 'turn' ? setImmediate(take) : setTimeout(take, gatheringMs);
  }

  #stopListening(): void {
    this.#awaited?.[Symbol.dispose]();
    this.#awaited = undefined;
  }

  #take(): void {
    const count = this.#calls.movePipe(this.#source, this.#kept, wideCapacity);
    if (count === 0) return void this.destroy();
    if (count !== undefined) this.#give(count);
    this.#waitBy(count === undefined ? this.#pace.empty() : this.#pace.taken(count, performance.now()));
  }

  #give(count: number): void {
    this.#held = count;
    this.#calls.copyPipe(this.#kept, sharedPipe(this.#calls).writing, count);
    this.emit('data', this.#copied(count));
    if (!this.#closed) this.#grow(count);
  }

  #waitBy(wait: Wait): void {
    if (this.#held > 0 || wait !== this.#wait) this.#stopListening();
    this.#wait = wait;
    this.#listen();
  }

  /** To the place that all output is read to. */
  #copied(count: number): Buffer {
    if (count === 0) return readBuffer.subarray(0, 0);
    return readBuffer.subarray(0, readSync(sharedPipe(this.#calls).reading, readBuffer, 0, count, null));
  }

  #grow(count: number): void {
    if (count * 2 < (capacities[this.#step] ?? Number.POSITIVE_INFINITY) || this.#step === capacities.length - 1)
      return;
    this.#step++;
    this.#resize(this.#kept);
    if (this.#step < capacities.length - 1) return;
    setQuietly(this.#calls.setPipeCapacity, this.#source, sourceCapacity);
  }

  #resize(descriptor: number): void {
    setQuietly(this.#calls.setPipeCapacity, descriptor, capacities[this.#step] ?? wideCapacity);
  }
}

let shared: (Pipe & { readonly nowhere: number }) | undefined;

/** What everything is copied through and thrown away with, by all outputs in turn; empty between two calls. */
function sharedPipe(calls: KeepingCalls) {
  if (shared !== undefined) return shared;
  shared = { ...calls.openPipe(), nowhere: openSync('/dev/null', constants.O_WRONLY) };
  setQuietly(calls.setPipeCapacity, shared.writing, wideCapacity);
  return shared;
}
