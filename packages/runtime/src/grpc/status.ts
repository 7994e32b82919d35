import { type ErrorCode, FairleadError, messageOf } from '@fairlead/base';

/** The gRPC status codes that callers tell apart (grpc.io, statuscodes.md). */
export const GrpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  failedPrecondition: 9,
  unavailable: 14,
} as const;

/** Our code for each gRPC status, by number. */
const codes: readonly ErrorCode[] = [
  'internal', // 0 OK: never an error
  'cancelled', // 1 CANCELLED
  'internal', // 2 UNKNOWN: what runc says arrives here
  'invalid-argument', // 3 INVALID_ARGUMENT
  'unavailable', // 4 DEADLINE_EXCEEDED
  'not-found', // 5 NOT_FOUND
  'conflict', // 6 ALREADY_EXISTS
  'forbidden', // 7 PERMISSION_DENIED
  'unavailable', // 8 RESOURCE_EXHAUSTED
  'conflict', // 9 FAILED_PRECONDITION
  'conflict', // 10 ABORTED
  'invalid-argument', // 11 OUT_OF_RANGE
  'not-implemented', // 12 UNIMPLEMENTED
  'internal', // 13 INTERNAL
  'unavailable', // 14 UNAVAILABLE
  'internal', // 15 DATA_LOSS
  'unauthorized', // 16 UNAUTHENTICATED
];

/** A call that the server refused or that never reached it; `status` is the gRPC status code. */
export class GrpcError extends FairleadError {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(codes[status] ?? 'internal', message, options);
    this.status = status;
  }
}

/** There was no answer: the connection could not be had, or broke. */
export class ConnectionError extends GrpcError {
  /** False when the server cannot have seen the call. */
  readonly wasSent: boolean;

  constructor(cause: unknown) {
    const reason = cause === undefined ? 'connection closed' : messageOf(cause);
    super(GrpcStatus.unavailable, `no answer from the server: ${reason}`, { cause });
    // Node's word for a request that waited for its connection.
    this.wasSent = !(cause instanceof Error && 'code' in cause && cause.code === 'ERR_HTTP2_STREAM_CANCEL');
  }
}

/** True when `error` is a gRPC error with exactly this status. */
export function hasStatus(error: unknown, status: number): error is GrpcError {
  return error instanceof GrpcError && error.status === status;
}

/** Undo the percent-encoding of a `grpc-message` header; text that is not valid encoding is kept as it came. */
export function decodeGrpcMessage(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
