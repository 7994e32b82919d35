import { closeSync, constants, lstatSync, readlinkSync } from 'node:fs';
import { FairleadError } from '@fairlead/base';
import { absolutePath, baseName, splitPath } from './archive-path.ts';
import { below, errnoName, type FileCalls, O_PATH, pathBytes, textPath } from './file-calls.ts';
import type { PathStat } from './file-port.ts';
import { followLinks } from './link-walk.ts';

/** A container's root directory and how to look into it. */
export interface RootView {
  readonly descriptor: number;
  readonly calls: Pick<FileCalls, 'openInRoot'>;
}

/**
 * Look at a path: a link in the last place is not followed, those before it are.
 *
 * @param path absolute, one character for each byte.
 */
export function statInRoot(view: RootView, path: string): PathStat {
  return inDirectory(view, path, (place) => {
    const stat = lstatSync(pathBytes(place), { bigint: true });
    return {
      name: textPath(baseName(path)),
      size: Number(stat.size),
      mode: Number(stat.mode),
      modified: stat.mtimeNs,
      linkTarget: stat.isSymbolicLink() ? textPath(realPath(view, path)) : '',
    };
  });
}

/** Where a path leads when all links are followed within the root. */
export function realPath(view: RootView, path: string): string {
  return followLinks(path, (link) => readLinkInRoot(view, link));
}

/** The place of a path in its directory, which is closed when `work` has returned. */
export function inDirectory<T>({ descriptor, calls }: RootView, path: string, work: (place: string) => T): T {
  const [directory, name] = splitPath(path);
  const parent = calls.openInRoot(descriptor, pathBytes(directory), O_PATH | constants.O_DIRECTORY);
  try {
    return work(below(parent, name));
  } finally {
    closeSync(parent);
  }
}

/** What is asked for does not exist, in Docker's words. */
export function missingFile(path: string, reference: string, cause?: unknown): FairleadError {
  return new FairleadError('not-found', `Could not find the file ${path} in container ${reference}`, { cause });
}

/** True for errors that mean that a path does not exist: a name that is too long for any file among them. */
export function isMissingPath(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errnoName(error));
}

/** An absolute path of a request, one character for each byte. */
export function requestedPath(path: string): string {
  if (path.includes('\0')) throw new FairleadError('invalid-argument', 'invalid path: it holds a zero byte');
  return absolutePath(Buffer.from(path, 'utf8').toString('latin1'));
}

function readLinkInRoot(view: RootView, path: string): string | undefined {
  try {
    return inDirectory(view, path, (place) => readlinkSync(pathBytes(place), { encoding: 'latin1' }));
  } catch (error) {
    if (isMissingPath(error) || ['EINVAL', 'ELOOP'].includes(errnoName(error))) return undefined;
    throw error;
  }
}
