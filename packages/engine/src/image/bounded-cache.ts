/**
 * Remembers what was loaded under a key, up to a number of entries; the one that was not asked for longest goes first.
 *
 * Who asks while a load is under way waits for that one. A failed load is not remembered.
 */
export class BoundedCache<Value> {
  readonly #limit: number;
  readonly #entries = new Map<string, { readonly loading: Promise<Value>; value?: Value }>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value under `key`, loaded now if it is not there. */
  get(key: string, load: () => Promise<Value>): Promise<Value> {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.loading;
    }
    const entry: { readonly loading: Promise<Value>; value?: Value } = { loading: load() };
    this.#entries.set(key, entry);
    entry.loading.then(
      (value) => {
        entry.value = value;
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
    );
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(oldest);
    }
    return entry.loading;
  }

  /** The value under `key` when it has been loaded; never waits. */
  peek(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }
}
