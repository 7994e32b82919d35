import { codeOf, FairleadError, httpStatusOf, type Logger, messageOf } from '@fairlead/base';
import { empty, json, type PlainResponse } from './response.ts';

/** The body that every failed request gets. */
function errorBody(message: string): { readonly message: string } {
  return { message };
}

/**
 * The answer to a request that failed with `error`: the status from the one table of codes, the message as it is.
 *
 * What is not a {@link FairleadError} is a fault of ours: it is logged with its stack.
 */
export function errorResponse(error: unknown, logger: Logger): PlainResponse {
  if (codeOf(error) === 'not-modified') return empty(304);
  if (!(error instanceof FairleadError)) {
    logger.error('request failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  return json(errorBody(messageOf(error)), httpStatusOf(error));
}

/** What a path that nobody serves gets. */
export const pageNotFound: PlainResponse = json(errorBody('page not found'), 404);

/** What a request gets whose body ends before its length. */
export const unexpectedEnd: PlainResponse = json(errorBody('unexpected EOF'), 400);
