import { FairleadError } from '@fairlead/base';

/** True when a path is a pattern: `*`, `?` or `[` that is not escaped. */
export function hasWildcards(path: string): boolean {
  return /^(?:[^\\*?[]|\\[\s\S])*[*?[]/.test(path);
}

/**
 * A pattern of Go's `filepath.Match` as an expression: `*` and `?` do not cross slashes, `[a-z]` and `[^a]` are sets, a
 * backslash takes the next character as it is.
 *
 * @throws FairleadError `invalid-argument` for a set that is not closed and the like.
 */
export function pathPattern(pattern: string): RegExp {
  return new RegExp(`^${patternSource(pattern, false)}$`, 's');
}

/** The same as text; with `doubled`, `**` matches any number of directories. */
export function patternSource(pattern: string, doubled: boolean): string {
  let source = '';
  const tokens = /\*\*\/?|\[\^?(?:\\[\s\S]|[^\\\]])+\]|\\[\s\S]|[\s\S]/g;
  for (const [token] of pattern.matchAll(tokens)) {
    const rest = pattern.slice(pattern.indexOf(token));
    if (token.startsWith('**') && doubled) source += token === '**' ? '.*' : '(?:.*/)?';
    else if (token.startsWith('**')) source += `[^/]*${token.endsWith('/') ? '/' : ''}`;
    else if (token === '*') source += '[^/]*';
    else if (token === '?') source += '[^/]';
    else if (token.startsWith('[') && token.length > 1) source += characterSet(token);
    else if (token === '[' || token === '\\') throw badPattern(rest);
    else source += RegExp.escape(token.startsWith('\\') ? token.slice(1) : token);
  }
  return source;
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
