import { AsyncLocalStorage } from 'node:async_hooks';
import { usualModule } from '@fairlead/base';
import type { TranscriptEntry } from '@fairlead/netlink';

const rendering = usualModule(() => import('@fairlead/netlink/transcript'));

/** Everything that was done to the kernel on behalf of one thing that was asked for. */
export interface Operation {
  readonly id: number;
  /** `start container web`. */
  readonly name: string;
  readonly startedAt: Date;
  readonly entries: readonly TranscriptEntry[];
}

interface OpenOperation extends Operation {
  readonly entries: TranscriptEntry[];
}

/** Whoever wants to know of what is done. */
export interface RecorderObserver {
  /** Sees every effect, at once. */
  readonly record?: (entry: TranscriptEntry) => void;
  /** Sees every operation that had effects, once it is over. @param failure what was thrown. */
  readonly end?: (operation: Operation, failure: unknown) => void;
}

/** Operations that are remembered; each holds some kilobytes of messages. */
const CAPACITY = 256;

/**
 * Remembers what was sent to the kernel, grouped by the operation it was sent for. Effects outside of any operation
 * form one of their own for each call that causes them.
 */
export class Recorder {
  readonly #observers = new Set<RecorderObserver>();
  readonly #current = new AsyncLocalStorage<OpenOperation>();
  readonly #operations: OpenOperation[] = [];
  readonly #capacity: number;
  #lastId = 0;

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  /** Count everything that `work` causes, now or later, to one operation; inside another one it counts to that. */
  operation<T>(name: string, work: () => T): T {
    if (this.#current.getStore() !== undefined) return work();
    this.#lastId += 1;
    const operation: OpenOperation = { id: this.#lastId, name, startedAt: new Date(), entries: [] };
    try {
      const result = this.#current.run(operation, work);
      if (result instanceof Promise) {
        result.then(
          () => this.#end(operation),
          (failure: unknown) => this.#end(operation, failure),
        );
      } else this.#end(operation);
      return result;
    } catch (failure) {
      this.#end(operation, failure);
      throw failure;
    }
  }

  /** Tell somebody about effects and operations from now on, until disposed of. */
  observe(observer: RecorderObserver): Disposable {
    this.#observers.add(observer);
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) };
  }

  /** Id of the operation that is under way here. */
  get currentId(): number | undefined {
    return this.#current.getStore()?.id;
  }

  /** Note an effect. An operation without effects is not remembered. */
  record(entry: TranscriptEntry): void {
    const current = this.#current.getStore();
    const operation = current ?? this.#single(entry);
    if (operation.entries.length === 0) this.#remember(operation);
    operation.entries.push(entry);
    for (const { record } of this.#observers) record?.(entry);
    if (current === undefined) this.#end(operation);
  }

  #end(operation: Operation, failure?: unknown): void {
    if (operation.entries.length === 0) return;
    for (const { end } of this.#observers) end?.(operation, failure);
  }

  /** What is remembered, oldest first. */
  operations(): readonly Operation[] {
    return [...this.#operations];
  }

  /**
   * The commands that would have done what an operation did; `undefined` when it is not, or no longer, known.
   *
   * @throws Error for messages that cannot be written as a command.
   */
  async transcript(id: number): Promise<string[] | undefined> {
    const operation = this.#operations.find((candidate) => candidate.id === id);
    return operation && (await rendering()).renderTranscript(operation.entries);
  }

  #single(entry: TranscriptEntry): OpenOperation {
    this.#lastId += 1;
    return { id: this.#lastId, name: entry.operation, startedAt: new Date(), entries: [] };
  }

  #remember(operation: OpenOperation): void {
    this.#operations.push(operation);
    if (this.#operations.length > this.#capacity) this.#operations.shift();
  }
}
