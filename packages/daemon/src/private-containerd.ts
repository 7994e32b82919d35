import { type Logger, messageOf } from '@fairlead/base';
import { type ContainerdProcess, type ContainerdSettings, startContainerd } from '@fairlead/runtime';

/** A containerd of our own: found or started, started again when it is lost, and ended when nobody needs it any more. */
export class PrivateContainerd implements Disposable {
  readonly #settings: ContainerdSettings;
  readonly #logger: Logger;
  #process: ContainerdProcess;
  #isLetGo = false;

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
    this.#isLetGo = true;
    await this.#process.stop();
  }

  /** Leave it to itself: it outlives the daemon. */
  [Symbol.dispose](): void {
    this.#isLetGo = true;
  }

  #follow(): void {
    void this.#process.ended.then(async () => {
      if (this.#isLetGo) return;
      this.#logger.warn('containerd lost; starting another one');
      try {
        this.#process = await startContainerd({ ...this.#settings, isEndangered: true });
        this.#follow();
      } catch (error) {
        this.#logger.error('containerd not restored', { error: messageOf(error) });
      }
    });
  }
}
