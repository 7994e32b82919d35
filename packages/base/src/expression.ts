/**
 * Regular expressions that somebody else has written, in the syntax of Go's `regexp`, which Docker promises. The time that
 * one takes grows with the length of the text and no faster: V8's own, which goes back and tries again, would stand still
 * for minutes over `(a+)+$` and forty letters, and everything in the daemon with it.
 *
 * A door of its own, for most programs never need it. Import it where the first expression comes along, and not beforehand:
 * it takes some megabytes.
 *
 * @module
 */

import { RE2JS } from 're2js';
import { FairleadError, messageOf } from './errors.ts';

/** A regular expression. */
export interface Expression {
  /** True when it matches a part of the text. */
  test(text: string): boolean;
}

/** @throws FairleadError `invalid-argument` in Go's words: ``error parsing regexp: missing closing ]: `[` ``. */
export function parseExpression(pattern: string): Expression {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new FairleadError('invalid-argument', messageOf(error), { cause: error });
  }
}
