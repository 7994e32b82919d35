import { FairleadError } from '@fairlead/base';

/** True when a path is a pattern: `*`, `?` or `[` that is not escaped. */
export function hasWildcards(path: string): boolean {
  return /^(?:[^\\*?[]|\\[\s\S])*[*?[]/.test(path);
}

const tokens = /\*\*\/?|\[\^?(?:\\[\s\S]|[^\\\]])+\]|\\[\s\S]|[\s\S]/gu;

/** The parts of a pattern: `*`, `**` with the slash behind it, `?`, sets, and characters. */
export function patternTokens(pattern: string): string[] {
  return pattern.match(tokens) ?? [];
}

/**
 * A pattern of Go's `filepath.Match` as an expression: `*` and `?` do not cross slashes, `[a-z]` and `[^a]` are sets, a
 * backslash takes the next character as it is.
 *
 * @throws FairleadError `invalid-argument` for a set that is not closed and the like.
 */
export function pathPattern(pattern: string): RegExp {
  const chunks = [''];
  for (const token of patternTokens(pattern)) {
    if (token.startsWith('*')) chunks.push(token.endsWith('/') ? '/' : '');
    else chunks.push(`${chunks.pop()}${tokenSource(token, pattern)}`);
  }
  const [head = '', ...others] = chunks;
  const last = others.pop();
  // What stands between two stars is found where it is first, once and for all: to try every place for each of many stars
  // takes longer than anybody waits.
  const between = others.map((chunk, index) => `(?=([^/]*?${chunk}))\\${index + 1}`);
  return new RegExp(`^${head}${between.join('')}${last === undefined ? '' : `[^/]*${last}`}$`, 's');
}

/** What is no star, as an expression. @throws FairleadError as {@link pathPattern}. */
export function tokenSource(token: string, pattern: string): string {
  if (token === '?') return '[^/]';
  if (token.startsWith('[') && token.length > 1) return characterSet(token);
  if (token === '[' || token === '\\') throw badPattern(pattern.slice(pattern.indexOf(token)));
  return RegExp.escape(token.startsWith('\\') ? token.slice(1) : token);
}

/** Within a set only `^` in front, `-` in between and the backslash mean something. */
function characterSet(token: string): string {
  const negated = token.startsWith('[^');
  const inner = token.slice(negated ? 2 : 1, -1);
  const escaped = inner.replace(/\\([\s\S])|([[\]^\\])/g, (_, taken: string | undefined, special: string) => {
    return `\\${taken ?? special}`;
  });
  try {
    new RegExp(`[${escaped}]`);
  } catch {
    throw badPattern(token);
  }
  return negated ? `(?!/)[^${escaped}]` : `(?!/)[${escaped}]`;
}

function badPattern(pattern: string): FairleadError {
  return new FairleadError('invalid-argument', 'syntax error in pattern', { cause: pattern });
}
