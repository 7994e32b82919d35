/**
 * Milliseconds for which who ends something waits for a plugin that is being told so. Plugins answer within a few; one that
 * hangs is told to the end all the same, and nobody has to wait for somebody else's program.
 */
const COURTESY = 2_000;

/** How long those wait for plugins who need no answer. */
export class Courtesy {
  /** Plugins that have let somebody wait in vain, until they answer. */
  readonly #slow = new Set<string>();

  /**
   * Wait until a plugin has been told, or has not answered for so long that nobody should wait for it.
   *
   * @param told resolves when it has been, or when that was given up; it must not reject.
   */
  async wait(plugin: string, told: Promise<unknown>): Promise<void> {
    const heard = told.then(() => void this.#slow.delete(plugin));
    if (this.#slow.has(plugin)) return;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#slow.add(plugin);
      late.resolve();
    }, COURTESY);
    await Promise.race([heard, late.promise]);
    clearTimeout(timer);
  }
}
