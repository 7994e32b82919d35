/** One queue of asynchronous work for each key: work under one key runs in the order asked for, other keys go on. */
export class KeyedMutex {
  #tails = new Map<string, Promise<void>>();

  /** Run `work` once everything asked for earlier under `key` has ended, failed or not. */
  async run<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    const previous = this.#tails.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(key, promise);
    await previous;
    try {
      return await work();
    } finally {
      if (this.#tails.get(key) === promise) this.#tails.delete(key);
      resolve();
    }
  }
}
