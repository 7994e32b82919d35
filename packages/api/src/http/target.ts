import { FairleadError } from '@fairlead/base';

/** What a request is about. */
export interface Target {
  /** Decoded. */
  readonly path: string;
  /** With its question mark, as it came. */
  readonly search: string;
}

/**
 * Read a request's target. Who speaks by way of a proxy may write a whole URL (RFC 9112, 3.2.2), whose host says nothing here.
 *
 * @returns `undefined` when it cannot be decoded.
 */
export function parseTarget(target = '/'): Target | undefined {
  const [, path = '', search = ''] = /^(?:https?:\/\/[^/?]*)?([^?]*)(.*)$/is.exec(target) ?? [];
  try {
    return { path: decodeURIComponent(path) || '/', search };
  } catch {
    return undefined;
  }
}

/**
 * Read a query as Go does (`ParseQuery` in its net/url).
 *
 * @throws FairleadError `invalid-argument` in Go's words for what it refuses.
 */
export function parseQuery(search: string): URLSearchParams {
  if (search.includes(';')) throw new FairleadError('invalid-argument', 'invalid semicolon separator in query');
  const fault = /%(?![0-9a-f]{2}).{0,2}/is.exec(search)?.[0];
  if (fault !== undefined) throw new FairleadError('invalid-argument', `invalid URL escape ${JSON.stringify(fault)}`);
  return new URLSearchParams(search);
}
