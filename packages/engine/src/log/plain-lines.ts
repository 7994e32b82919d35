import { isUtf8 } from 'node:buffer';
import { longestPiece } from './line-splitter.ts';

const newline = 10;
/** What becomes six characters in JSON; and U+2028 and U+2029 in UTF-8, byte by byte, which do so too. */
const numbered = /[^\n\x20-%'-;=?-\xff]/;
const separators = ['\xe2\x80\xa8', '\xe2\x80\xa9'];

/**
 * Make entries of whole lines at once, by the string functions of the engine: six times as fast as byte by byte, which is
 * what lets one thread take in what a container writes as fast as it can.
 *
 * @param data ends with a newline.
 * @param prefix how an entry begins, and `suffix` how it ends, from the closing quote on.
 * @returns the entries, one character for each byte; `undefined` for lines that need a closer look: long ones, characters
 * that are escaped with a number, and what is not UTF-8.
 */
export function plainEntries(data: Buffer, prefix: string, suffix: string): string | undefined {
  if (hasLongLine(data) || !isUtf8(data)) return undefined;
  const text = data.toString('latin1');
  if (numbered.test(text) || separators.some((separator) => text.includes(separator))) return undefined;
  const escaped = text.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
  const between = `\\n${suffix}${prefix}`;
  // A replacement has `$` twice to mean it once.
  return `${prefix}${escaped.slice(0, -1).replace(/\n/g, between.replace(/\$/g, '$$$$'))}\\n${suffix}`;
}

/** Steps from the last newline that a line of allowed length may have to the next, not from line to line. */
function hasLongLine(data: Buffer): boolean {
  let start = 0;
  while (start < data.length) {
    const end = data.lastIndexOf(newline, start + longestPiece - 1);
    if (end < start) return true;
    start = end + 1;
  }
  return false;
}
