import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { layersOf, type RootfsMount } from '../container/file/rootfs-file.ts';
import type { FileSystems } from '../context.ts';
import { unmountBelow } from './mounted-tree.ts';

/** Where layers and parts of volumes are mounted for a moment. Short, for the kernel's sake. */
export function viewFolder({ execRoot }: { readonly execRoot: string }): string {
  return join(execRoot, 'view');
}

/** A file system at a path of the host, until it is disposed of. What has been bound elsewhere by then stays there. */
export interface PlacedView extends Disposable {
  readonly path: string;
}

/** Look at the file system of a container that has not started, for as long as `work` takes; see {@link openView}. */
export async function viewImage<T>(
  mounts: readonly RootfsMount[],
  folder: string,
  fileSystems: FileSystems,
  work: (root: string) => Promise<T>,
): Promise<T> {
  using view = await openView(mounts, folder, fileSystems);
  return await work(view.path);
}

/**
 * See layers in one tree, as the kernel puts them together. A single one is looked at where it is.
 *
 * @param folder where the mount is made. It is short: the kernel takes one page for the paths of all layers, of which an
 *   image may have 125.
 */
export async function openView(
  mounts: readonly RootfsMount[],
  folder: string,
  fileSystems: FileSystems,
): Promise<PlacedView> {
  const layers = mounts.flatMap(layersOf);
  const [only] = layers;
  if (only !== undefined && layers.length === 1) return { path: only, [Symbol.dispose]() {} };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const place = mkdtempSync(`${folder}/`);
  using stack = new DisposableStack();
  stack.defer(() => {
    unmountBelow(place, fileSystems);
    rmSync(place, { recursive: true, force: true });
  });
  const path = await mountView(layers, place, fileSystems);
  const held = stack.move();
  return { path, [Symbol.dispose]: () => held.dispose() };
}

/** What a crash left of views. */
export function dropViews(folder: string, fileSystems: FileSystems): void {
  unmountBelow(folder, fileSystems);
  rmSync(folder, { recursive: true, force: true });
}

/** Links stand for the layers, whose own paths are too long. All of them are below: nothing can be written. */
async function mountView(layers: readonly string[], place: string, fileSystems: FileSystems): Promise<string> {
  const target = join(place, 'root');
  mkdirSync(target);
  const links = layers.map((_, index) => join(place, index.toString(36)));
  for (const [index, layer] of layers.entries()) symlinkSync(layer, links[index] ?? '');
  await fileSystems.mount({ source: 'overlay', target, type: 'overlay', options: `ro,lowerdir=${links.join(':')}` });
  return target;
}
