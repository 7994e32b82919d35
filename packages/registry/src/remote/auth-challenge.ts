/** What a server wants before it answers (RFC 9110, 11.6.1). */
export interface AuthChallenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** `name=value` or `name="quoted value"`. */
const parameterPattern = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)/;
const schemePattern = /^[\s,]*([!#$%&'*+.^_`|~\w-]+)(?:\s*,|\s+|$)/;

/** Read a `WWW-Authenticate` header, which can hold several challenges. What cannot be read ends the list. */
export function parseAuthChallenges(header: string): AuthChallenge[] {
  const challenges: AuthChallenge[] = [];
  let rest = header;
  for (let scheme = schemePattern.exec(rest); scheme !== null; scheme = schemePattern.exec(rest)) {
    rest = rest.slice(scheme[0].length);
    const parameters: Record<string, string> = {};
    for (let match = parameterPattern.exec(rest); match !== null; match = parameterPattern.exec(rest)) {
      const [whole, name = '', quoted, plain = ''] = match;
      parameters[name.toLowerCase()] = quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1');
      rest = rest.slice(whole.length);
    }
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters });
  }
  return challenges;
}
