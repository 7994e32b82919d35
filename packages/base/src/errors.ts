/**
 * The one error class of the project and the one table that turns its codes into other worlds' numbers.
 *
 * The codes are the set that the Docker Engine API, gRPC and CNI have in common. Callers ask for a code
 * (`isNotFound(error)`), never parse a message.
 */
export type ErrorCode =
  | 'invalid-argument'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'not-modified'
  | 'unavailable'
  | 'not-implemented'
  | 'cancelled'
  | 'internal';

/** HTTP status of each code, as the Docker Engine API uses them. */
const httpStatus: Record<ErrorCode, number> = {
  'not-modified': 304,
  'invalid-argument': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  cancelled: 499,
  internal: 500,
  'not-implemented': 501,
  unavailable: 503,
};

/** An error that is meant to be read by the user: its message is in Docker's words where Docker has words. */
export class FairleadError extends Error {
  override readonly name = 'FairleadError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The code of any error; what is not ours is `internal`. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof FairleadError ? error.code : 'internal';
}

/** The HTTP status that answers a request which failed with `error`. */
export function httpStatusOf(error: unknown): number {
  return httpStatus[codeOf(error)];
}

/** The code behind an HTTP status: the same table read backwards; what is not in it is `internal`. */
export function errorCodeOf(status: number): ErrorCode {
  const entry = Object.entries(httpStatus).find(([, value]) => value === status);
  return (entry?.[0] as ErrorCode | undefined) ?? 'internal';
}

/** True when what was asked for does not exist. */
export function isNotFound(error: unknown): boolean {
  return codeOf(error) === 'not-found';
}

/** True when the request collides with what exists or with its state. */
export function isConflict(error: unknown): boolean {
  return codeOf(error) === 'conflict';
}

/** True when `error` has the code `unavailable`: who was asked was not there, or could not do it now. */
export function isUnavailable(error: unknown): boolean {
  return codeOf(error) === 'unavailable';
}

/** True for an error of the operating system with that name, `ENOENT`, as Node throws it. */
export function hasSystemCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same error with words put before its message; code and cause are kept. */
export function withPrefix(prefix: string, error: unknown): FairleadError {
  return new FairleadError(codeOf(error), `${prefix}${messageOf(error)}`, { cause: error });
}

/**
 * Run every step even when some fail, then report all failures at once: tear-down never stops half-way.
 *
 * @throws AggregateError with every failure; the single error itself when there was only one.
 */
export async function settleAll(steps: Iterable<() => unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(messageOf).join('; '));
}
