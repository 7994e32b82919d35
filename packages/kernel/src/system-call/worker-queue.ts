/** Begins a call on a worker thread; `done` is called on the event loop when it has ended. */
export type BeginCall<Result> = (done: (error: unknown, result: Result) => void) => void;

/**
 * Has calls on worker threads wait for their turn. The foreign-function library refuses to begin one when too many are
 * under way, and whoever closes a thousand sockets at once must not be told so in the middle of it.
 */
export class WorkerQueue {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param limit calls that are under way at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Begin a call when it is its turn, in the order in which they were asked for. */
  run<Result>(begin: BeginCall<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const start = (): void => {
      this.#running += 1;
      try {
        begin((error, result) => {
          this.#next();
          if (error) reject(error);
          else resolve(result);
        });
      } catch (error) {
        this.#next();
        reject(error);
      }
    };
    if (this.#running < this.#limit) start();
    else this.#waiting.push(start);
    return promise;
  }

  #next(): void {
    this.#running -= 1;
    this.#waiting.shift()?.();
  }
}
