import { FairleadError, messageOf } from '@fairlead/base';

/**
 * Ask for what is at a URL.
 *
 * @returns an answer that has begun; its body is still to be read.
 * @throws FairleadError `unavailable` when nobody answers, `not-found` when there is nothing, in Docker's words.
 */
export async function requestUrl(url: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new FairleadError('unavailable', `Get ${JSON.stringify(url)}: ${messageOf(cause)}`, { cause: error });
  }
  if (response.ok) return response;
  const text = (await response.text()).trim();
  const status = `${response.status} ${response.statusText}`;
  throw new FairleadError('not-found', `failed to GET ${url} with status ${status}: ${text}`);
}
