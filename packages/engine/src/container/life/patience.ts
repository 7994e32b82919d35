import { FairleadError, KeyedMutex } from '@fairlead/base';
import type { WaitResult } from '../container-port.ts';

/** Seconds after SIGKILL: by then only a process stuck in the kernel is left. */
const KILL_TIMEOUT = 10;

/** A process that was sent SIGKILL. The promise is wrapped so that whoever awaits this does not await the end. */
export interface Killed {
  readonly ended: Promise<WaitResult>;
}

/**
 * Wait for the end of a process that was killed.
 *
 * @param what the message's beginning.
 * @throws FairleadError `internal` in Docker's words when the end does not come.
 */
export async function insist({ ended }: Killed, what: string): Promise<void> {
  if (await within(ended, KILL_TIMEOUT)) return;
  throw new FairleadError('internal', `${what}: tried to kill container, but did not receive an exit event`);
}

/** @returns whether `promise` resolved within `seconds`; a negative number waits for ever. */
export async function within(promise: Promise<unknown>, seconds: number): Promise<boolean> {
  const arrived = promise.then(() => true);
  if (seconds < 0) return await arrived;
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, seconds * 1000, false);
  try {
    return await Promise.race([arrived, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What may wait for an address of a LAN, or for a plugin. */
export interface Wait {
  /** Network that is joined; absent for a start, which joins all of the container's. */
  readonly network?: string;
  /** Gives it up from outside. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whose turn it is, by container id. Who has a turn may wait in it for addresses of a LAN and for plugins: who comes after
 * him and wants the container to end, or off the network, lets him give that up.
 */
export class ContainerTurns extends KeyedMutex {
  readonly #waits = new Set<
    Wait & { readonly id: string; readonly own: AbortController; readonly work: Promise<unknown> }
  >();

  /** Do work that may wait, until its signal says otherwise. It counts as waiting from now on, also before its turn. */
  async patiently<T>(id: string, wait: Wait, begin: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const own = new AbortController();
    const work = begin(wait.signal === undefined ? own.signal : AbortSignal.any([own.signal, wait.signal]));
    const item = { ...wait, id, own, work };
    this.#waits.add(item);
    try {
      return await work;
    } finally {
      this.#waits.delete(item);
    }
  }

  /** @param network only those that join it. @returns whether anybody waited, or was about to. */
  giveUp(id: string, network?: string): boolean {
    const isMeant = (wait: Wait & { readonly id: string }) =>
      wait.id === id && (network === undefined || wait.network === network);
    const waits = [...this.#waits].filter(isMeant);
    for (const { own } of waits) own.abort();
    return waits.length > 0;
  }

  /** The engine ends. Resolves when nobody works any more who could have waited. */
  async giveUpAll(): Promise<void> {
    for (const { own } of this.#waits) own.abort();
    await Promise.allSettled([...this.#waits].map(({ work }) => work));
  }
}
