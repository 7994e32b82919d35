import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, messageOf } from '@fairlead/base';
import { type ContainerdProcess, type ContainerdSettings, startContainerd } from '@fairlead/runtime';

/** Milliseconds from an attempt to restore a lost one to the next; each further pause is twice as long. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** A containerd of our own: found or started, started again when it is lost, and ended when nobody needs it any more. */
export class PrivateContainerd implements Disposable {
  readonly #settings: ContainerdSettings;
  readonly #logger: Logger;
  #process: ContainerdProcess;
  readonly #letGo = new AbortController();
  #restoring: Promise<void> = Promise.resolve();

  private constructor(settings: ContainerdSettings, logger: Logger, process: ContainerdProcess) {
    this.#settings = settings;
    this.#logger = logger;
    this.#process = process;
    this.#follow();
  }

  /** @throws FairleadError `unavailable` when it does not come up. */
  static async start(settings: ContainerdSettings, logger: Logger): Promise<PrivateContainerd> {
    return new PrivateContainerd(settings, logger, await startContainerd(settings));
  }

  /** True when it ran already. */
  get isAdopted(): boolean {
    return this.#process.adopted;
  }

  /** End it; containers would go on. */
  async stop(): Promise<void> {
    this.#letGo.abort();
    // One that is just being started is there by then, and ends as well.
    await this.#restoring;
    await this.#process.stop();
  }

  /** Leave it to itself: it outlives the daemon. */
  [Symbol.dispose](): void {
    this.#letGo.abort();
  }

  #follow(): void {
    void this.#process.ended.then(() => {
      if (this.#letGo.signal.aborted) return;
      this.#logger.warn('containerd lost; starting another one');
      this.#restoring = this.#restore();
    });
  }

  /** Until there is another one, for a machine that is too busy now may not be later. Never rejects. */
  async #restore(): Promise<void> {
    const { signal } = this.#letGo;
    for (let pause = FIRST_PAUSE; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        this.#process = await startContainerd({ ...this.#settings, isEndangered: true });
        return this.#follow();
      } catch (error) {
        this.#logger.error('containerd not restored yet', { error: messageOf(error) });
        await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }
}
