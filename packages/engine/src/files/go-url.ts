import { FairleadError } from '@fairlead/base';

/** Characters that a host's name may have besides letters and digits (Go, net/url, shouldEscape and validEncoded). */
const hostName = /^[\w.~!$&'()*+,;=:[\]<>"%\u0080-\uffff-]*$/;

/**
 * Hold a URL to what Go's net/url takes, which is stricter than this platform's in some things.
 *
 * @returns the URL, and its path with the escapes undone.
 * @throws FairleadError `invalid-argument` in Go's words.
 */
export function parseGoUrl(text: string): { readonly url: URL; readonly path: string } {
  const [rest = '', fragment = ''] = cut(text, '#');
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)/i.exec(rest);
  const path = rest.slice(authority?.[0].length ?? 0).split('?', 1)[0] ?? '';
  const problem = problemOf(rest, hostIn(authority?.[1] ?? ''), path);
  if (problem !== undefined) throw invalid(rest, problem);
  const strange = strangeEscape(fragment);
  if (strange !== undefined) throw invalid(text, strange);
  if (authority !== null && hostIn(authority[1] ?? '') === '') {
    throw new FairleadError('invalid-argument', `Get ${JSON.stringify(text)}: http: no Host in request URL`);
  }
  if (!URL.canParse(text)) throw invalid(rest, 'invalid URL');
  return { url: new URL(text), path: decoded(path) };
}

/** What Go says against what is before the fragment. */
function problemOf(text: string, host: string, path: string): string | undefined {
  if (/[\x00-\x1f\x7f]/.test(text)) return 'net/url: invalid control character in URL';
  return problemOfHost(host) ?? strangeEscape(path);
}

function problemOfHost(host: string): string | undefined {
  if (host.startsWith('[') && !host.includes(']')) return "missing ']' in host";
  const port = host.startsWith('[') ? host.slice(host.lastIndexOf(']') + 1) : (/:[^:]*$/.exec(host)?.[0] ?? '');
  if (!/^(:\d*)?$/.test(port)) return `invalid port ${JSON.stringify(port)} after host`;
  const wrong = /%.{0,2}/.exec(host)?.[0];
  if (wrong !== undefined) return `invalid URL escape ${JSON.stringify(wrong)}`;
  const strange = [...host].find((letter) => !hostName.test(letter));
  return strange && `invalid character ${JSON.stringify(strange)} in host name`;
}

/** The host and port of `user:password@host:port`. */
function hostIn(authority: string): string {
  return authority.slice(authority.lastIndexOf('@') + 1);
}

function strangeEscape(text: string): string | undefined {
  const [wrong] = /%(?![0-9a-f]{2}).{0,2}/i.exec(text) ?? [];
  return wrong === undefined ? undefined : `invalid URL escape ${JSON.stringify(wrong)}`;
}

/** Bytes that are no UTF-8 stay as they are written. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function cut(text: string, mark: string): [before: string, after: string] {
  const index = text.indexOf(mark);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + mark.length)];
}

function invalid(text: string, problem: string): FairleadError {
  return new FairleadError('invalid-argument', `parse ${JSON.stringify(text)}: ${problem}`);
}
