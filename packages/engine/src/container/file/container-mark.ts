import { closeSync, fchmodSync, futimesSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotMount } from '@fairlead/runtime';
import { layersOf } from './rootfs-file.ts';

/** Programs know by this empty file that they are in a container (moby, daemon/initlayer/setup_unix.go). */
const mark = '.dockerenv';

/** Put the mark into the layer of a new container, whose files are not mounted yet. An image may have it already. */
export function markContainer(mounts: readonly SnapshotMount[]): void {
  const layers = mounts.flatMap(layersOf);
  const [own] = layers;
  if (own === undefined || layers.some((layer) => hasMark(layer))) return;
  makeMark(own);
}

/**
 * The layers below a container's own as though the mark came with them: so it is no part of what the container has
 * written, as with dockerd, which has it in a layer between the two.
 *
 * @param below layers of the image.
 * @param mounts those of the container.
 * @param folder where the mark is kept for that; made when it is not there.
 */
export function withMark(
  below: readonly SnapshotMount[],
  mounts: readonly SnapshotMount[],
  folder: string,
): readonly SnapshotMount[] {
  const [own] = mounts.flatMap(layersOf);
  if (own === undefined || !hasMark(own)) return below;
  const layers = below.flatMap(layersOf);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (!hasMark(folder)) makeMark(folder);
  return [{ type: 'overlay', source: 'overlay', target: '', options: [`lowerdir=${[folder, ...layers].join(':')}`] }];
}

function hasMark(layer: string): boolean {
  return lstatSync(join(layer, mark), { throwIfNoEntry: false }) !== undefined;
}

/** Always the same, times included: two of them are compared as files. */
function makeMark(folder: string): void {
  const file = openSync(join(folder, mark), 'wx');
  try {
    fchmodSync(file, 0o755);
    futimesSync(file, 0, 0);
  } finally {
    closeSync(file);
  }
}
