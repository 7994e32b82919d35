import { type BigIntStats, constants, existsSync, readFileSync } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { FairleadError } from '@fairlead/base';
import { hasWildcards, pathPattern } from '@fairlead/dockerfile';
import { below, bytePath, errnoName, pathBytes, textPath } from '../files/file-calls.ts';
import { type RootView, realPath } from '../files/path-stat.ts';
import { beginFileDigest, joinedDigest } from './file-digest.ts';

/** Files that `COPY` and `ADD` take from: the context, or those of an image. Nobody changes them meanwhile. */
export interface CopySource {
  readonly view: RootView;
  /** Digest of what is at a path without links, one character for each byte. */
  digest(path: string): string | Promise<string>;
  /** What is said when a path does not exist, before the reason. */
  readonly missing: string;
}

/** One thing to copy. */
export interface CopyItem {
  readonly source: CopySource;
  /** As it was asked for, without a slash in front; one character for each byte. */
  readonly path: string;
  /** Where links lead, likewise. */
  readonly realPath: string;
  readonly isDirectory: boolean;
  /** `file:...` or `dir:...`; of a download the digest alone. */
  readonly digest: string;
  /** It is not unpacked, whatever it is. */
  readonly isWhole?: true;
}

/** What the cache and the history call several items. */
export function digestOfItems(items: readonly CopyItem[]): string {
  const [only] = items;
  if (only !== undefined && items.length === 1) return only.digest;
  return joinedDigest(
    'multi',
    items.map(({ digest }) => digest),
  );
}

/** The place of an item's content. */
export function placeOf({ source, realPath: path }: CopyItem): string {
  return below(source.view.descriptor, path);
}

/** What is there, itself and all that is in it: relative paths in Go's order of walking. */
async function* walkTree(view: RootView, path: string): AsyncGenerator<string> {
  yield path;
  for (const name of await namesIn(view, path)) yield* walkTree(view, path === '' ? name : `${path}/${name}`);
}

/**
 * Find what a path names; wildcards may name many files, or none.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export async function findCopyItems(source: CopySource, asked: string): Promise<CopyItem[]> {
  const path = asked.replace(/^\//, '').replace(/^\.\//, '');
  if (/^\.\.(\/|$)/.test(posix.normalize(path))) {
    throw invalid(`forbidden path outside the build context: ${asked} ()`);
  }
  if (!hasWildcards(path)) return [await itemAt(source, bytePath(path))];
  const items: CopyItem[] = [];
  for await (const found of matchingPaths(source.view, '', path.split('/').map(pathPattern))) {
    items.push(await itemAt(source, found));
  }
  return items;
}

/** Paths below a directory that match part by part: what cannot match is not looked into. */
async function* matchingPaths(view: RootView, folder: string, parts: readonly RegExp[]): AsyncGenerator<string> {
  const [part, ...rest] = parts;
  for (const name of await namesIn(view, folder)) {
    if (part?.test(textPath(name)) !== true) continue;
    const path = folder === '' ? name : `${folder}/${name}`;
    if (rest.length === 0) yield path;
    else yield* matchingPaths(view, path, rest);
  }
}

/** Sorted; none for what is no directory. Links are not followed. */
async function namesIn(view: RootView, path: string): Promise<string[]> {
  const place = pathBytes(`${below(view.descriptor, path)}${path === '' ? '/' : ''}`);
  if (!(await lstat(place)).isDirectory()) return [];
  return (await readdir(place, { encoding: 'latin1' })).sort();
}

async function itemAt(source: CopySource, path: string): Promise<CopyItem> {
  const real = realPath(source.view, `/${path}`).slice(1);
  const stat = await statOf(source, real);
  if (stat === undefined) throw invalid(`${source.missing}stat ${textPath(path)}: file does not exist`);
  const isDirectory = stat.isDirectory();
  const digest = isDirectory ? await directoryDigest(source, real) : `file:${await source.digest(real)}`;
  return { source, path, realPath: real, isDirectory, digest };
}

async function statOf({ view }: CopySource, path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(pathBytes(`${below(view.descriptor, path)}${path === '' ? '/' : ''}`), { bigint: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoName(error))) return undefined;
    throw error;
  }
}

/** Names and places in the directory do not count, as in Docker: the digests of its files are sorted by themselves. */
async function directoryDigest(source: CopySource, path: string): Promise<string> {
  const digests: string[] = [];
  for await (const found of walkTree(source.view, path)) {
    if (found === '') continue;
    const real = realPath(source.view, `/${found}`).slice(1);
    // A link to nothing counts for nothing.
    if ((await statOf(source, real)) !== undefined) digests.push(await source.digest(real));
  }
  return joinedDigest('dir', digests.sort());
}

/** The files of an image. */
export class ImageFiles implements CopySource {
  readonly view: RootView;
  readonly missing = '';
  readonly #digests = new Map<string, string>();

  constructor(view: RootView) {
    this.view = view;
  }

  async digest(path: string): Promise<string> {
    const known = this.#digests.get(path);
    if (known !== undefined) return known;
    const place = pathBytes(`${below(this.view.descriptor, path)}${path === '' ? '/' : ''}`);
    const stat = await lstat(place, { bigint: true });
    const hash = beginFileDigest(headerOf(path, stat));
    if (stat.isFile()) {
      await using handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW);
      for await (const piece of handle.createReadStream({ autoClose: false })) hash.update(piece);
    }
    const digest = hash.digest('hex');
    this.#digests.set(path, digest);
    return digest;
  }
}

/** What an archive of the host would say of a file: names are the host's, as in dockerd. */
function headerOf(path: string, stat: BigIntStats) {
  return {
    name: stat.isDirectory() ? `${path}/` : path,
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: stat.isFile() ? Number(stat.size) : 0,
    flag: stat.isDirectory() ? '5' : '0',
    linkName: '',
    userName: nameOf('/etc/passwd', Number(stat.uid)),
    groupName: nameOf('/etc/group', Number(stat.gid)),
    major: 0,
    minor: 0,
    xattrs: new Map<string, string>(),
  };
}

/** The name in a user database that has this number; '' when none has. */
function nameOf(database: string, number: number): string {
  const lines = existsSync(database) ? readFileSync(database, 'latin1').split('\n') : [];
  return lines.map((line) => line.split(':')).find(([, , id]) => id === String(number))?.[0] ?? '';
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
