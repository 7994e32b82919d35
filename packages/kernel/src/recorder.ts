import { AsyncLocalStorage } from 'node:async_hooks';
import { lateModule } from '@fairlead/base';
import type { TranscriptEntry } from '@fairlead/netlink';

const rendering = lateModule(() => import('@fairlead/netlink/transcript'));

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

/** Operations that are remembered; each holds some kilobytes of messages. */
const CAPACITY = 256;

/**
 * Remembers what was sent to the kernel, grouped by the operation it was sent for. Effects outside of any operation
 * form one of their own for each call that causes them.
 */
export class Recorder {
  /** Sees every entry; for tests and measurements. */
  onRecord: ((entry: TranscriptEntry) => void) | undefined;
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
    return this.#current.run({ id: this.#lastId, name, startedAt: new Date(), entries: [] }, work);
  }

  /** Id of the operation that is under way here. */
  get currentId(): number | undefined {
    return this.#current.getStore()?.id;
  }

  /** Note an effect. An operation without effects is not remembered. */
  record(entry: TranscriptEntry): void {
    const operation = this.#current.getStore() ?? this.#single(entry);
    if (operation.entries.length === 0) this.#remember(operation);
    operation.entries.push(entry);
    this.onRecord?.(entry);
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
