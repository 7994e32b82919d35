import { posix } from 'node:path';
import { ignorePattern, type PathTest } from './ignore-pattern.ts';

/** A line of a `.dockerignore`. */
interface IgnorePattern {
  readonly expression: PathTest;
  /** It takes back what others have said. */
  readonly isException: boolean;
  /** How many directories deep it is: so many of a path's are looked at. */
  readonly depth: number;
}

/**
 * What a `.dockerignore` leaves out (Docker's reference, ".dockerignore file"). The last line that matches a path, or a
 * directory above it, decides.
 *
 * @example
 * new IgnorePatterns('*.log\n!keep.log').ignores('a.log') === true;
 */
export class IgnorePatterns {
  readonly #patterns: readonly IgnorePattern[];

  /** @throws FairleadError `invalid-argument` for a pattern that is none. */
  constructor(text: string) {
    this.#patterns = text
      .replace(/^\uFEFF/, '')
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .flatMap(parsePattern);
  }

  /** @param path relative, without a slash at its end. */
  ignores(path: string): boolean {
    const parts = path.split('/');
    let ignored = false;
    for (const { expression, isException, depth } of this.#patterns) {
      const above = depth < parts.length ? parts.slice(0, depth).join('/') : undefined;
      if (expression.test(path) || (above !== undefined && expression.test(above))) ignored = !isException;
    }
    return ignored;
  }

  /** True when a directory that is left out must be looked into all the same: something in it may be wanted. */
  get hasExceptions(): boolean {
    return this.#patterns.some(({ isException }) => isException);
  }
}

function parsePattern(line: string): IgnorePattern[] {
  const isException = line.startsWith('!');
  const pattern = posix.normalize((isException ? line.slice(1) : line).trim()).replace(/^\/+(?=.)|\/+$/g, '');
  if (pattern === '' || pattern === '.') return [];
  return [{ expression: ignorePattern(pattern), isException, depth: pattern.split('/').length }];
}
