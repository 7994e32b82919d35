import { FairleadError } from '@fairlead/base';
import type { WaitResult } from '../engine-port.ts';

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
