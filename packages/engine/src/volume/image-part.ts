import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { FairleadError, messageOf } from '@fairlead/base';

/** As many as Go's filepath.EvalSymlinks follows. */
const maximumLinks = 255;

/**
 * Where a part of an image is. Links are followed as long as they stay within the image: to nobody are they what they would
 * be in a container, whose root is another one (moby, daemon/volume/safepath).
 *
 * @param root where the image's content is; nobody changes it.
 * @param subpath relative; empty means the root.
 * @returns a path below `root` without links.
 * @throws FairleadError in Docker's words: `not-found` for what is not there, `invalid-argument` for what leads out.
 */
export function partOfImage(root: string, subpath: string): string {
  const waiting = stepsOf(subpath);
  const done: string[] = [];
  let links = 0;
  while (waiting.length > 0) {
    const step = waiting.pop() ?? '';
    if (step === '..' && done.pop() === undefined) throw escapes(root, subpath);
    if (step === '' || step === '.' || step === '..') continue;
    const target = linkAt(join(root, ...done, step), join(root, subpath));
    if (target === undefined) {
      done.push(step);
      continue;
    }
    links++;
    if (links > maximumLinks) throw notAccessible(join(root, subpath), 'EvalSymlinks: too many links');
    if (target.startsWith('/')) throw escapes(root, subpath);
    waiting.push(...stepsOf(target));
  }
  return join(root, ...done);
}

/** The steps of a path, the first one last. */
function stepsOf(path: string): string[] {
  return path.split('/').reverse();
}

/** What a link says; `undefined` for all that is none. */
function linkAt(path: string, wanted: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch (error) {
    const number = error instanceof Error && 'errno' in error ? error.errno : undefined;
    const reason = typeof number === 'number' ? getSystemErrorMessage(number) : messageOf(error);
    throw notAccessible(wanted, `lstat ${path}: ${reason}`);
  }
}

function notAccessible(path: string, reason: string): FairleadError {
  return new FairleadError('not-found', `cannot access path ${path}: ${reason}`);
}

function escapes(root: string, subpath: string): FairleadError {
  const where = `base: ${root}, subpath: ${subpath}`;
  return new FairleadError('invalid-argument', `path concatenation escapes the base directory, ${where}`);
}
