import { closeSync, constants, openSync } from 'node:fs';

/** Named pipes whose reading end is kept open, so that a writer does not fail while their real reader is away. */
export class HeldFiles implements Disposable {
  readonly #descriptors = new Map<string, number>();

  /**
   * Hold what is at this path now: another pipe may have taken the place of the one that was held.
   *
   * @throws Error `ENOENT` when there is no such file.
   */
  hold(path: string): void {
    // O_NONBLOCK: opening must not wait for a writer.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.release(path);
    this.#descriptors.set(path, descriptor);
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
