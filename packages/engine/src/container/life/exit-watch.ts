import type { WaitCondition, WaitResult } from '../container-port.ts';

interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (result: WaitResult) => void;
}

/** Who waits for which container to stop or to be gone. */
export class ExitWatch {
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** A promise of the next time that the condition comes true. */
  wait(id: string, condition: WaitCondition): Promise<WaitResult> {
    const { promise, resolve } = Promise.withResolvers<WaitResult>();
    this.#waiters.getOrInsertComputed(id, () => new Set()).add({ condition, resolve });
    return promise;
  }

  /** The container's process has ended. */
  exited(id: string, result: WaitResult): void {
    this.#tell(id, result, (condition) => condition !== 'removed');
  }

  /** The container is gone: nothing more will happen to it. */
  removed(id: string, result: WaitResult): void {
    this.#tell(id, result, () => true);
  }

  #tell(id: string, result: WaitResult, applies: (condition: WaitCondition) => boolean): void {
    const waiters = this.#waiters.get(id);
    for (const waiter of waiters ?? []) {
      if (!applies(waiter.condition)) continue;
      waiters?.delete(waiter);
      waiter.resolve(result);
    }
    if (waiters?.size === 0) this.#waiters.delete(id);
  }
}
