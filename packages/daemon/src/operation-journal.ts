import { FairleadError } from '@fairlead/base';
import type { OperationRecord } from '@fairlead/engine';
import type { Recorder } from '@fairlead/kernel';

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
  const wanted = id === 'last' ? recorder.operations().at(-1)?.id : Number(id);
  const lines = wanted === undefined ? undefined : await recorder.transcript(wanted);
  if (lines === undefined) throw new FairleadError('not-found', `No such operation: ${id}`);
  return lines;
}
