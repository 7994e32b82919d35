import { readFileSync, writeFileSync } from 'node:fs';

/** Beside a file that containers may edit stands what we have written into it last. */
const SUFFIX = '.written';

/** Write a file anew, whatever is in it. It is written in place: the container has it bound. */
export function writeOwned(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o644 });
  writeFileSync(`${path}${SUFFIX}`, text, { mode: 0o644 });
}

/** Write a file anew unless the container has edited it, which is left alone then. */
export function rewriteUnlessEdited(path: string, text: string): void {
  const [present, written] = [read(path), read(`${path}${SUFFIX}`)];
  if (present === written && written !== text) writeOwned(path, text);
}

/** Change those lines of a file that are ours; the container's own stay. */
export function rewriteLines(path: string, text: string): void {
  const [present, written] = [read(path), read(`${path}${SUFFIX}`)];
  if (written === text) return;
  writeFileSync(path, mergeLines(present, written, text), { mode: 0o644 });
  writeFileSync(`${path}${SUFFIX}`, text, { mode: 0o644 });
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

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
