import type { Change } from '@fairlead/netlink';
import { DelegatingKernel } from '../kernel/delegating-kernel.ts';
import type { InterruptibleKernel } from './life.ts';

/** A real kernel that makes one change after the other, so that a process may end between any two of them. */
export class SteppedKernel extends DelegatingKernel implements InterruptibleKernel {
  beforeChange: ((change: Change) => void) | undefined;

  override async apply(changes: readonly Change[]): Promise<void> {
    const { beforeChange } = this;
    for (const change of changes) {
      beforeChange?.(change);
      await super.apply([change]);
    }
  }
}
