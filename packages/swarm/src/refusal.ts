import { type ErrorCode, FairleadError } from '@fairlead/base';

/** gRPC's names of codes, through which dockerd asks its manager: clients see them in front of the words. */
const grpcNames = new Map([
  ['invalid-argument', 'InvalidArgument'],
  ['not-found', 'NotFound'],
  ['conflict', 'AlreadyExists'],
  ['failed-precondition', 'FailedPrecondition'],
  ['internal', 'Unknown'],
] as const satisfies [ErrorCode, string][]);

/** A refusal in the form in which dockerd hands those of its manager on. */
export function refusal(code: Parameters<(typeof grpcNames)['get']>[0], words: string): FairleadError {
  return new FairleadError(code, `rpc error: code = ${grpcNames.get(code)} desc = ${words}`);
}

/** What somebody is told who has read an object before somebody else has changed it. */
export function outOfSequence(): FairleadError {
  return refusal('internal', 'update out of sequence');
}

/** What is not there; dockerd looks for it before it asks its manager. */
export function notFound(kind: string, reference: string): FairleadError {
  return new FairleadError('not-found', `${kind} ${reference} not found`);
}
