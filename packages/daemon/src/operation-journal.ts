import { FairleadError, lateModule } from '@fairlead/base';
import type { OperationAccount, OperationRecord } from '@fairlead/engine';
import type { Operation, Recorder } from '@fairlead/kernel';

const accounts = lateModule(() => import('./operation-account.ts'));

/** What was done to the kernel, newest first. */
export function operationRecords(recorder: Recorder): OperationRecord[] {
  return recorder
    .operations()
    .toReversed()
    .map((operation) => ({
      id: String(operation.id),
      name: operation.name,
      time: operation.startedAt.getTime(),
      steps: operation.entries.length,
      microseconds: operation.entries.reduce((sum, { microseconds }) => sum + microseconds, 0),
    }));
}

/**
 * Commands that would do what an operation did.
 *
 * @param id the newest one when absent or `last`.
 * @throws FairleadError `not-found` when no such operation is remembered.
 */
export async function operationTranscript(recorder: Recorder, id = 'last'): Promise<string[]> {
  return (await recorder.transcript(find(recorder, id).id)) ?? [];
}

/** The same with what each was for, what it cost, and how it is undone. @throws as {@link operationTranscript}. */
export async function operationAccount(recorder: Recorder, id = 'last'): Promise<OperationAccount> {
  const { accountOf } = await accounts();
  return accountOf(find(recorder, id).entries);
}

function find(recorder: Recorder, id: string): Operation {
  const operations = recorder.operations();
  const found = id === 'last' ? operations.at(-1) : operations.find((operation) => String(operation.id) === id);
  if (found === undefined) throw new FairleadError('not-found', `No such operation: ${id}`);
  return found;
}
