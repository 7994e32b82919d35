import { FairleadError } from '@fairlead/base';
import { parseGoUrl } from '../files/go-url.ts';
import { requestUrl, type UrlOptions } from '../files/url-request.ts';

/** An archive that is being fetched. */
export interface RemoteArchive {
  readonly url: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Fetch the archive that `docker import` names.
 *
 * @param source a URL; without a scheme it is one of HTTP, as with Docker.
 * @throws FairleadError `invalid-argument` for what is no such URL, else as {@link requestUrl}.
 */
export async function fetchArchive(source: string, options: UrlOptions): Promise<RemoteArchive> {
  const url = archiveUrl(source);
  return { url, content: await requestUrl(url, options) };
}

/** @throws FairleadError `invalid-argument` in the words of Go's HTTP client. */
export function archiveUrl(source: string): string {
  const url = source.includes('://') ? source : `http://${source}`;
  const { protocol } = parseGoUrl(url).url;
  if (protocol === 'http:' || protocol === 'https:') return url;
  const reason = `unsupported protocol scheme ${JSON.stringify(protocol.slice(0, -1))}`;
  throw new FairleadError('invalid-argument', `Get ${JSON.stringify(url)}: ${reason}`);
}
