import { FairleadError } from '@fairlead/base';

/**
 * The value of `--registry-mirror`: a URL without user, query and fragment, whose path is that of its root.
 *
 * @throws FairleadError `invalid-argument` in Docker's words (moby, registry/config.go).
 */
export function parseMirror(text: string): string {
  const refuse = (reason: string) => new FairleadError('invalid-argument', `invalid mirror: ${reason}`);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? '';
  if (scheme !== 'http' && scheme !== 'https') throw refuse(`unsupported scheme "${scheme}" in "${text}"`);
  const url = URL.parse(text);
  if (url === null) throw refuse(`"${text}" is not a valid URI`);
  if (/[?#]/.test(text)) throw refuse(`query or fragment at end of the URI "${text}"`);
  if (url.username !== '' || url.password !== '') throw refuse('username/password not allowed in URI');
  return url.href;
}
