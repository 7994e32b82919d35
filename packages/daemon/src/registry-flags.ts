import { FairleadError, isCidr } from '@fairlead/base';

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

/**
 * The value of `--insecure-registry`: a host, perhaps with its port, or a subnet. A scheme before it is left out.
 *
 * @throws FairleadError `invalid-argument` in Docker's words (moby, registry/config.go).
 */
export function parseInsecureRegistry(text: string): string {
  const name = text.replace(/^https?:\/\//i, '');
  const refuse = (reason: string) => new FairleadError('invalid-argument', `insecure registry ${name} ${reason}`);
  if (name.includes('://')) throw refuse("should not contain '://'");
  if (isCidr(name)) return name;
  const [, host = name, port] = /^(.*?)(?::(\d+))?$/.exec(name) ?? [];
  if (!/^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?)$/.test(host)) {
    throw refuse(`is not valid: invalid host "${host}"`);
  }
  if (Number(port ?? 0) > 65_535) throw refuse(`is not valid: invalid port "${port}"`);
  return name;
}
