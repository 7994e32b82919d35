import { setTimeout as sleep } from 'node:timers/promises';
import { settleAll } from '@fairlead/base';
import { type Change, hasErrno } from '@fairlead/netlink';
import type { KernelPort } from '../kernel-port.ts';

/** How long a hardware address is waited for that a link still has which is going: a second in all. */
const ATTEMPTS = 40;
const PAUSE_MS = 25;

/**
 * Make every change that can be made: all together first, and when one fails each by itself, so that a single object
 * that the kernel refuses does not keep the others from their place. What was made before is no obstacle.
 *
 * @throws AggregateError of all that failed, or the single error.
 */
export async function applyThoroughly(kernel: KernelPort, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  try {
    await kernel.apply(changes);
  } catch {
    await settleAll(changes.map((change) => () => applyPatiently(kernel, change)));
  }
}

async function applyPatiently(kernel: KernelPort, change: Change): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await kernel.apply([change]);
    } catch (error) {
      if (attempt === ATTEMPTS || !isAddressBusy(error)) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** A link on a parent comes up only when no other one there has its address; one in a namespace that went is still there. */
function isAddressBusy(error: unknown): boolean {
  return error instanceof Error && hasErrno(error.cause, 'EADDRINUSE');
}
