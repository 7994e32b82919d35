/**
 * Starts of execs, by container. A container must not be frozen in the middle of one: what the runtime has put into it to
 * become the new process would be frozen with it, the runtime waits for that, and lets nobody thaw the container meanwhile.
 */
export class ExecStarts {
  readonly #running = new Map<string, Set<Promise<unknown>>>();
  readonly #held = new Map<string, Promise<void>>();

  /** Do a start; while others of its container are held, it waits. */
  async run<T>(container: string, start: () => Promise<T>): Promise<T> {
    for (let held = this.#held.get(container); held !== undefined; held = this.#held.get(container)) await held;
    const running = this.#running.get(container) ?? new Set();
    const result = start();
    this.#running.set(container, running.add(result));
    try {
      return await result;
    } finally {
      running.delete(result);
      if (running.size === 0 && this.#running.get(container) === running) this.#running.delete(container);
    }
  }

  /** Do work while no start of a container is under way. One such work of a container at a time. */
  async without<T>(container: string, work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(container, promise);
    try {
      await Promise.allSettled(this.#running.get(container) ?? new Set<Promise<unknown>>());
      return await work();
    } finally {
      this.#held.delete(container);
      resolve();
    }
  }
}
