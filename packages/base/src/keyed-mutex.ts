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

/**
 * Work while nobody else works under any of some keys, those included that come while their turns are waited for.
 *
 * @param wanted the keys as they are at each moment, in the order in which everybody asks for them.
 */
export async function runTogether<T>(
  mutex: KeyedMutex,
  wanted: () => readonly string[],
  work: () => Promise<T>,
  held: readonly string[] = [],
): Promise<T> {
  const next = wanted().find((key) => !held.includes(key));
  if (next === undefined) return await work();
  return await mutex.run(next, () => runTogether(mutex, wanted, work, [...held, next]));
}
