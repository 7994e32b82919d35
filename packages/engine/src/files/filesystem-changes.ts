import { type BigIntStats, closeSync, constants, openSync } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import type { SnapshotMount } from '@fairlead/runtime';
import type { EngineContext } from '../context.ts';
import type { Container } from '../model.ts';
import { below, errnoName, type FileCalls, O_PATH, pathBytes, textPath } from './file-calls.ts';
import type { FileChange } from './file-port.ts';
import { mountPlace } from './mount-place.ts';

/** What a container's own layer changes of those below it. */
export async function filesystemChanges(
  context: EngineContext,
  { id }: Pick<Container, 'id'>,
): Promise<readonly FileChange[]> {
  const { upper, lower } = splitLayers(await context.containerd.snapshots.mounts(id));
  using held = new DisposableStack();
  const hold = (descriptor: number) => {
    held.defer(() => closeSync(descriptor));
    return descriptor;
  };
  const above = hold(openSync(upper, O_PATH | constants.O_DIRECTORY));
  const place = mountPlace(context.settings);
  const mounted =
    lower.length === 0
      ? undefined
      : hold(context.files.openMountTree(place, { layers: lower, readOnly: true, binds: [] }));
  const changes = await new LayerComparison(context.files).compare(above, mounted, '');
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The directory that takes the changes, and the mounts of all else. */
export function splitLayers(mounts: readonly SnapshotMount[]): {
  readonly upper: string;
  readonly lower: readonly SnapshotMount[];
} {
  const isUpper = (option: string) => option.startsWith('upperdir=');
  const overlay = mounts.find(({ options }) => options.some(isUpper));
  // A container on an image without layers has nothing below.
  if (overlay === undefined) return { upper: mounts[0]?.source ?? '', lower: [] };
  const options = overlay.options.filter((option) => !isUpper(option) && !option.startsWith('workdir='));
  const upper = overlay.options.find(isUpper)?.slice('upperdir='.length) ?? '';
  return { upper, lower: [{ ...overlay, options }] };
}

/**
 * What the runtime makes in the container's layer to mount on, and Docker in a layer of its own that it does not count
 * (moby, daemon/initlayer). Of interest only when there is something in it.
 */
export const mountPlaces: ReadonlySet<string> = new Set([
  ...['/dev', '/dev/pts', '/dev/shm', '/dev/mqueue', '/dev/console', '/proc', '/sys', '/etc', '/.dockerenv'],
  ...['/etc/resolv.conf', '/etc/hosts', '/etc/hostname', '/etc/mtab'],
]);

/**
 * Compares the directory of a layer with the mounted layers below it, as overlayfs reads it: a whiteout takes away,
 * an opaque directory hides (kernel, filesystems/overlayfs.rst).
 */
class LayerComparison {
  readonly #calls: Pick<FileCalls, 'readXattr'>;

  constructor(calls: Pick<FileCalls, 'readXattr'>) {
    this.#calls = calls;
  }

  /** Changes below a directory; that a directory has changed is said before what has changed in it. */
  async compare(upper: number, lower: number | undefined, path: string): Promise<FileChange[]> {
    const changes: FileChange[] = [];
    const names = await readdir(below(upper, ''), { encoding: 'latin1' });
    for (const name of names) changes.push(...(await this.#child(upper, lower, name, path)));
    if (lower === undefined || !this.#isOpaque(upper)) return changes;
    const hidden = await readdir(below(lower, ''), { encoding: 'latin1' });
    const gone = hidden.filter((name) => !names.includes(name));
    return [...changes, ...gone.map((name): FileChange => ({ path: textPath(`${path}/${name}`), kind: 'deleted' }))];
  }

  async #child(upper: number, lower: number | undefined, name: string, parent: string): Promise<FileChange[]> {
    const path = `${parent}/${name}`;
    const now = await statOf(upper, name);
    const before = lower === undefined ? undefined : await statOf(lower, name);
    // It has gone since the directory was read.
    if (now === undefined) return [];
    const shown = textPath(path);
    if (isWhiteout(now)) return before === undefined ? [] : [{ path: shown, kind: 'deleted' }];
    const inside = now.isDirectory()
      ? await this.#inside(upper, before?.isDirectory() ? lower : undefined, name, path)
      : [];
    if (before === undefined) {
      const isEmpty = now.isDirectory() ? inside.length === 0 : now.size === 0n || now.isSymbolicLink();
      return isEmpty && mountPlaces.has(path) ? [] : [{ path: shown, kind: 'added' }, ...inside];
    }
    const isChanged = inside.length > 0 || isDifferent(before, now);
    return isChanged ? [{ path: shown, kind: 'modified' }, ...inside] : [];
  }

  async #inside(upper: number, lower: number | undefined, name: string, path: string): Promise<FileChange[]> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    try {
      await using above = await open(pathBytes(below(upper, name)), flags);
      await using under = lower === undefined ? undefined : await open(pathBytes(below(lower, name)), flags);
      return await this.compare(above.fd, under?.fd, path);
    } catch (error) {
      if (isGone(error)) return [];
      throw error;
    }
  }

  #isOpaque(directory: number): boolean {
    const bytes = Buffer.from(below(directory, ''));
    return ['trusted', 'user'].some(
      (kind) => Buffer.from(this.#calls.readXattr(bytes, `${kind}.overlay.opaque`) ?? []).toString() === 'y',
    );
  }
}

async function statOf(directory: number, name: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(pathBytes(below(directory, name)), { bigint: true });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoName(error));
}

function isWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}

/** Size and time of a directory say nothing: what has changed in it is listed. */
function isDifferent(before: BigIntStats, now: BigIntStats): boolean {
  const always = ['mode', 'uid', 'gid', 'rdev'] as const;
  const fields = now.isDirectory() ? always : ([...always, 'size', 'mtimeNs'] as const);
  return fields.some((field) => before[field] !== now[field]);
}
