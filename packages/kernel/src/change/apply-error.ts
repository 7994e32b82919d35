import { messageOf } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';

/** Changes were made up to one that failed; `cause` says why. */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
  /** What was made before, and stays made. */
  readonly applied: readonly Change[];
  /** What failed. */
  readonly failed: Change;

  constructor(failed: Change, applied: readonly Change[], cause: unknown) {
    super(messageOf(cause), { cause });
    this.failed = failed;
    this.applied = applied;
  }
}
