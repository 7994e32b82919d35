import type { Kernel } from '@fairlead/kernel';
import type { Collection } from '@fairlead/store';

/** A setting of the host that was changed for a while, and what it was before. */
export interface BorrowedSysctl {
  /** The key. */
  readonly id: string;
  readonly before: string;
  readonly meanwhile: string;
}

/**
 * Give a sysctl of the host another value until disposed of. What it was is written down first, so that the next start
 * gives back what a daemon that was killed could not.
 *
 * @param operation what it is for, as `explain` names it.
 */
export async function borrowSysctl(
  kernel: Kernel,
  borrowed: Collection<BorrowedSysctl>,
  { operation, key, value }: { readonly operation: string; readonly key: string; readonly value: string },
): Promise<AsyncDisposable> {
  const before = kernel.readSysctl('', key);
  if (before === undefined || before === value) return { [Symbol.asyncDispose]: async () => undefined };
  const loan = borrowed.put({ id: key, before, meanwhile: value });
  await kernel.recorder.operation(operation, () => write(kernel, key, value));
  return { [Symbol.asyncDispose]: () => kernel.recorder.operation(operation, () => giveBack(kernel, borrowed, loan)) };
}

/** Give back what an earlier daemon borrowed. */
export async function giveBackAll(kernel: Kernel, borrowed: Collection<BorrowedSysctl>): Promise<void> {
  for (const loan of [...borrowed]) {
    await kernel.recorder.operation('give back sysctl', () => giveBack(kernel, borrowed, loan));
  }
}

/** Somebody may have decided otherwise since: then it is theirs. */
async function giveBack(
  kernel: Kernel,
  borrowed: Collection<BorrowedSysctl>,
  { id, before, meanwhile }: BorrowedSysctl,
): Promise<void> {
  if (kernel.readSysctl('', id) === meanwhile) await write(kernel, id, before);
  borrowed.delete(id);
}

function write(kernel: Kernel, key: string, value: string): Promise<void> {
  return kernel.apply([{ action: 'add', object: { kind: 'sysctl', namespace: '', key, value } }]);
}
