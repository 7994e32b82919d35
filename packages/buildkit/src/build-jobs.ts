import { FairleadError } from '@fairlead/base';

/** Milliseconds for which a build and its context, which come in requests of their own, wait for each other; dockerd's. */
const patience = 5_000;

/** A build that a client has given an ID. */
interface Job {
  readonly stop: AbortController;
  readonly isOpen: PromiseWithResolvers<void>;
  readonly context: PromiseWithResolvers<AsyncIterable<Uint8Array>>;
  readonly isOver: PromiseWithResolvers<void>;
}

/** A build that is under way, until it is disposed of. */
export interface OpenJob extends Disposable {
  /** Raised when somebody cancels it. */
  readonly cancelled: AbortSignal;
  /** The context that comes in a request of its own. @throws FairleadError `unavailable` when it does not come. */
  context(): Promise<AsyncIterable<Uint8Array>>;
}

/** Builds by the IDs that clients have given them, for them to be cancelled and to be sent their contexts. */
export class BuildJobs {
  readonly #patience: number;
  readonly #jobs = new Map<string, Job>();

  /** @param wait milliseconds for which a build and its context wait for each other. */
  constructor(wait = patience) {
    this.#patience = wait;
  }

  /** A build begins. @param id '' for one that nobody will ask for. */
  open(id: string): OpenJob {
    const job = id === '' ? newJob() : this.#get(id);
    job.isOpen.resolve();
    return {
      cancelled: job.stop.signal,
      context: () => this.#within(job.context.promise, 'the context of the build was not sent'),
      [Symbol.dispose]: () => {
        this.#jobs.delete(id);
        job.isOver.resolve();
      },
    };
  }

  /** Give a build its context; resolves when the build is over. @throws FairleadError `unavailable` when there is none. */
  async give(id: string, context: AsyncIterable<Uint8Array>): Promise<void> {
    const job = this.#get(id);
    job.context.resolve(context);
    try {
      await this.#within(job.isOpen.promise, 'there is no build for the context');
    } catch (error) {
      this.#jobs.delete(id);
      throw error;
    }
    await job.isOver.promise;
  }

  /** One that is not known is no error. */
  cancel(id: string): void {
    this.#jobs.get(id)?.stop.abort();
  }

  #get(id: string): Job {
    return this.#jobs.getOrInsertComputed(id, newJob);
  }

  async #within<T>(promise: Promise<T>, otherwise: string): Promise<T> {
    const late = Promise.withResolvers<T>();
    const timer = setTimeout(() => late.reject(new FairleadError('unavailable', otherwise)), this.#patience);
    try {
      return await Promise.race([promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function newJob(): Job {
  return {
    stop: new AbortController(),
    isOpen: Promise.withResolvers(),
    context: Promise.withResolvers(),
    isOver: Promise.withResolvers(),
  };
}
