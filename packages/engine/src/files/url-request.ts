import { FairleadError, lateModule, messageOf } from '@fairlead/base';
import type { ProxySettings } from '@fairlead/registry';
import type { HttpResponse } from '@fairlead/registry/transfer';
import { parseGoUrl } from './go-url.ts';

const transfer = lateModule(() => import('@fairlead/registry/transfer'));

/** How to ask for what is at a URL. */
export interface UrlOptions {
  readonly signal: AbortSignal;
  /** Whom to ask through. */
  readonly proxies?: ProxySettings | undefined;
}

/**
 * Ask for what is at a URL.
 *
 * @returns an answer that has begun; its body is still to be read or destroyed.
 * @throws FairleadError `invalid-argument` for what is no URL, `unavailable` when nobody answers, `not-found` when there is
 * nothing, in Docker's words.
 */
export async function requestUrl(text: string, { signal, proxies }: UrlOptions): Promise<HttpResponse> {
  const { url } = parseGoUrl(text);
  const { HttpTransport } = await transfer();
  const transport = new HttpTransport({}, proxies);
  let response: HttpResponse;
  try {
    response = await transport.send({ method: 'GET', url, signal });
  } catch (error) {
    transport[Symbol.dispose]();
    throw new FairleadError('unavailable', messageOf(error), { cause: error });
  }
  response.once('close', () => transport[Symbol.dispose]());
  const { statusCode = 0, statusMessage } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  const answer = Buffer.concat(await response.toArray())
    .toString()
    .trim();
  throw new FairleadError('not-found', `failed to GET ${text} with status ${statusCode} ${statusMessage}: ${answer}`);
}
