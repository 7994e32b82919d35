import { closeSync, constants, fstatSync, readFileSync } from 'node:fs';
import { pathBytes } from './file-calls.ts';
import type { RootView } from './path-stat.ts';

/** Bytes; user databases are far smaller, and a container could have any. */
const largest = 1 << 24;

/** The text of a file such as `/etc/passwd`; '' when there is none, or something else. */
export function readSmallFile({ descriptor, calls }: RootView, path: string): string {
  let file: number;
  try {
    // O_NONBLOCK: opening a pipe would wait for a writer.
    file = calls.openInRoot(descriptor, pathBytes(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return '';
  }
  try {
    const stat = fstatSync(file);
    return stat.isFile() && stat.size <= largest ? readFileSync(file, 'utf8') : '';
  } finally {
    closeSync(file);
  }
}
