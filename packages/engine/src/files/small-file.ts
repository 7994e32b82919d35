import { closeSync, constants } from 'node:fs';
import { pathBytes, shortText } from './file-calls.ts';
import type { RootView } from './path-stat.ts';

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
    return shortText(file) ?? '';
  } finally {
    closeSync(file);
  }
}
