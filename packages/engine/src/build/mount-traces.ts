import { closeSync, constants, lstatSync, openSync, rmdirSync, unlinkSync } from 'node:fs';
import type { EngineContext } from '../context.ts';
import { errnoName, O_PATH, pathBytes } from '../files/file-calls.ts';
import { mountPlaces, splitLayers } from '../files/filesystem-changes.ts';
import { mountPlace } from '../files/mount-place.ts';
import { inDirectory, type RootView } from '../files/path-stat.ts';

/**
 * Take away the empty files and directories that the runtime has made in a container's layer to mount on: dockerd has
 * them in a layer of their own that is no part of any image. To be called when the container has ended.
 */
export async function dropMountTraces(context: EngineContext, containerId: string): Promise<void> {
  const { containerd, files: calls, settings } = context;
  const { upper, lower } = splitLayers(await containerd.snapshots.mounts(containerId));
  using held = new DisposableStack();
  const hold = (descriptor: number): RootView => ({ descriptor: held.adopt(descriptor, closeSync), calls });
  const above = hold(openSync(upper, O_PATH | constants.O_DIRECTORY));
  const tree = { layers: lower, readOnly: true, binds: [] };
  const below = lower.length === 0 ? undefined : hold(calls.openMountTree(mountPlace(settings), tree));
  const deepestFirst = [...mountPlaces].toSorted((a, b) => b.split('/').length - a.split('/').length);
  for (const path of deepestFirst) if (below === undefined || !exists(below, path)) dropEmpty(above, path);
}

function exists(view: RootView, path: string): boolean {
  return tolerant(() => inDirectory(view, path, (place) => lstatSync(pathBytes(place)))) !== undefined;
}

function dropEmpty(view: RootView, path: string): void {
  tolerant(() =>
    inDirectory(view, path, (place) => {
      const stat = lstatSync(pathBytes(place));
      if (stat.isDirectory()) rmdirSync(pathBytes(place));
      else if (stat.size === 0 || stat.isSymbolicLink()) unlinkSync(pathBytes(place));
    }),
  );
}

/** What is not there is as it should be; what is not empty is the container's own. */
function tolerant<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'ELOOP', 'EXDEV'].includes(errnoName(error))) return undefined;
    throw error;
  }
}
