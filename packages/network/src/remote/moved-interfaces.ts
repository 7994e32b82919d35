import { type Logger, messageOf } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { removals } from '../kernel/diff.ts';
import { applyThoroughly } from '../kernel/thorough-apply.ts';
import type { KernelPort } from '../kernel-port.ts';

/**
 * Interfaces that plugins have made go back to them before the namespaces go in which they are. Never rejects.
 *
 * @param objects everything that is to go; what is none of these interfaces is passed over.
 */
export async function giveBackInterfaces(
  { kernel, logger }: { readonly kernel: KernelPort; readonly logger: Logger },
  objects: readonly KernelObject[],
): Promise<void> {
  const moved = objects.filter((object) => object.kind === 'link' && object.type.kind === 'moved');
  if (moved.length === 0) return;
  try {
    await applyThoroughly(kernel, removals(moved));
  } catch (error) {
    logger.warn('interfaces of plugins not given back', { error: messageOf(error) });
  }
}
