import { closeSync, constants, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { shortText } from '../../files/file-calls.ts';

/** Beside a file that containers may edit stands what we have written into it last. */
const SUFFIX = '.written';

/** Write a file anew, whatever is in it. It is written in place: the container has it bound. */
export function writeOwned(path: string, text: string): void {
  overwrite(path, text);
  overwrite(`${path}${SUFFIX}`, text);
}

/** Write a file anew unless the container has edited it, which is left alone then. */
export function rewriteUnlessEdited(path: string, text: string): void {
  const [present, written] = [readOwned(path), readOwned(`${path}${SUFFIX}`)];
  if (present === written && written !== text) writeOwned(path, text);
}

/** Change those lines of a file that are ours; the container's own stay. One that it has made very long is left alone. */
export function rewriteLines(path: string, text: string): void {
  const [present, written = ''] = [readOwned(path), readOwned(`${path}${SUFFIX}`)];
  if (present === undefined || written === text) return;
  overwrite(path, mergeLines(present, written, text));
  overwrite(`${path}${SUFFIX}`, text);
}

/** A text in which the lines of `before` that are not in `after` are gone, and those that are new stand at the end. */
export function mergeLines(present: string, before: string, after: string): string {
  if (present === before) return after;
  const [old, wanted] = [linesOf(before), linesOf(after)];
  const gone = new Set(old.filter((line) => !wanted.includes(line)));
  const kept = linesOf(present).filter((line) => !gone.has(line));
  const added = wanted.filter((line) => !old.includes(line) && !kept.includes(line));
  return [...kept, ...added].map((line) => `${line}\n`).join('');
}

/**
 * Write a file anew in place. It is not truncated to nothing first: ext4 writes such a file to the disk when it is closed
 * (ext4(5), auto_da_alloc), which takes 4 ms.
 */
export function overwrite(path: string, text: string): void {
  const bytes = Buffer.from(text);
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
  try {
    ftruncateSync(descriptor, bytes.length);
    writeFileSync(descriptor, bytes);
  } finally {
    closeSync(descriptor);
  }
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}

/** The text of a file that a container may have written; '' when there is none, `undefined` when it is too long. */
export function readOwned(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return '';
  }
  try {
    return shortText(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
