import { posix } from 'node:path';
import { FairleadError } from '@fairlead/base';

/**
 * Rules by which paths of a container and names in an archive belong together (moby, pkg/archive/copy.go). Paths are
 * one character for each byte.
 */

/** The path from the root on, cleaned; a slash or `/.` at its end means something, so it stays. */
export function absolutePath(path: string): string {
  const clean = posix.normalize(`/${path}`).replace(/(.)\/$/, '$1');
  const open = clean.endsWith('/') ? clean : `${clean}/`;
  if (path === '' || /(^|\/)\.\/*$/.test(path)) return path.endsWith('/') ? `${open}./` : `${open}.`;
  return path.endsWith('/') ? open : clean;
}

/** The last part of a path: `.` for one that ends with `/.`, `/` for the root. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) || '/';
}

/** Directory and what is in it; the second is empty when the path ends with a slash. */
export function splitPath(path: string): readonly [directory: string, name: string] {
  const cut = path.lastIndexOf('/') + 1;
  return [path.slice(0, cut) || '/', path.slice(cut)];
}

/** Name of a child in an archive whose top is called `name`: below the root and `` there is nothing in front. */
export function childName(name: string, child: string): string {
  return name === '' ? child : `${name === '/' ? '' : name}/${child}`;
}

/**
 * Path of an entry below the directory in which the archive is unpacked; '' for that directory itself.
 *
 * @throws FairleadError `invalid-argument` for one that leaves it.
 */
export function entryPath(name: string, destination: string): string {
  const path = posix.normalize(name).replace(/^\/+|\/+$/g, '');
  if (path === '..' || path.startsWith('../')) {
    throw new FairleadError('invalid-argument', `${JSON.stringify(name)} is outside of ${JSON.stringify(destination)}`);
  }
  return path === '.' ? '' : path;
}

/** The mount that a path of the container is in: the deepest above it; `undefined` for the root file system. */
export function mountAbove<Mount extends { readonly target: string }>(
  path: string,
  mounts: readonly Mount[],
): Mount | undefined {
  const isAbove = ({ target }: Mount) => path === target || path.startsWith(`${target}/`);
  return mounts.filter(isAbove).toSorted((a, b) => b.target.length - a.target.length)[0];
}
