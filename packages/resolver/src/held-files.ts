import { closeSync, constants, openSync } from 'node:fs';

/** Named pipes whose reading end is kept open, so that a writer does not fail while their real reader is away. */
export class HeldFiles implements Disposable {
  readonly #descriptors = new Map<string, number>();

  /** @throws Error `ENOENT` when there is no such file. */
  hold(path: string): void {
    if (this.#descriptors.has(path)) return;
    // O_NONBLOCK: opening must not wait for a writer.
    this.#descriptors.set(path, openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  }

  release(path: string): void {
    const descriptor = this.#descriptors.get(path);
    if (descriptor === undefined) return;
    this.#descriptors.delete(path);
    closeSync(descriptor);
  }

  list(): string[] {
    return [...this.#descriptors.keys()];
  }

  [Symbol.dispose](): void {
    for (const path of this.list()) this.release(path);
  }
}
