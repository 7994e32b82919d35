import { type ErrorCode, FairleadError } from '@fairlead/base';

/** gRPC's codes, through which dockerd asks its manager: clients see their names, and the status that dockerd makes of them. */
const codes = new Map([
  ['invalid-argument', ['InvalidArgument', 'invalid-argument']],
  ['not-found', ['NotFound', 'not-found']],
  ['conflict', ['AlreadyExists', 'conflict']],
  ['failed-precondition', ['FailedPrecondition', 'invalid-argument']],
  ['not-implemented', ['Unimplemented', 'not-implemented']],
  ['internal', ['Unknown', 'internal']],
  // What the manager gives no code; dockerd makes a fault of its own of it, and it is the asker's.
  ['unnamed', ['Unknown', 'invalid-argument']],
] as const satisfies [string, [string, ErrorCode]][]);

/** A refusal in the form in which dockerd hands those of its manager on. */
export function refusal(code: Parameters<(typeof codes)['get']>[0], words: string): FairleadError {
  const [name, own] = codes.get(code) ?? ['Unknown', 'internal'];
  return new FairleadError(own, `rpc error: code = ${name} desc = ${words}`);
}

/** What somebody is told who has read an object before somebody else has changed it. */
export function outOfSequence(): FairleadError {
  return refusal('internal', 'update out of sequence');
}

/** What is not there; dockerd looks for it before it asks its manager. */
export function notFound(kind: string, reference: string): FairleadError {
  return new FairleadError('not-found', `${kind} ${reference} not found`);
}
