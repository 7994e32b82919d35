import { settleAll } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import type { KernelPort } from './kernel-port.ts';

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
  } catch (error) {
    if (changes.length === 1) throw error;
    await settleAll(changes.map((change) => () => kernel.apply([change])));
  }
}
