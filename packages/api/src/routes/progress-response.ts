import type { Progress } from '@fairlead/engine';
import { type ApiResponse, jsonLines } from '../http/response.ts';
import { presentFailure, presentProgress } from '../wire/progress.ts';

/**
 * The answer of an operation that reports as it goes.
 *
 * What fails before the first report fails with its status, as an image that does not exist; what fails later can only
 * be told as a line of the stream, for 200 has been sent.
 */
export async function progressResponse(reports: AsyncIterable<Progress>): Promise<ApiResponse> {
  const iterator = reports[Symbol.asyncIterator]();
  const first = await iterator.next();
  return jsonLines(lines(first, iterator));
}

async function* lines(first: IteratorResult<Progress>, iterator: AsyncIterator<Progress>): AsyncGenerator<unknown> {
  try {
    for (let next = first; next.done !== true; next = await iterator.next()) yield presentProgress(next.value);
  } catch (error) {
    yield presentFailure(error);
  } finally {
    // The client may have gone away in the middle: whoever reports has to know.
    await iterator.return?.();
  }
}
