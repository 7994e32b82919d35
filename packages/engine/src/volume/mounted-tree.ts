import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FairleadError } from '@fairlead/base';
import type { FileSystems } from '../context.ts';

/**
 * Take away every mount at a path and below it, innermost first. To be called before a tree is removed: what is mounted
 * there belongs to somebody else.
 *
 * @throws FairleadError `internal` when something is mounted there still.
 */
export function unmountBelow(path: string, fileSystems: FileSystems): void {
  if (!existsSync(path)) return;
  for (const point of mountsBelow(path, fileSystems).toReversed()) fileSystems.unmount(point);
  const left = mountsBelow(path, fileSystems);
  if (left.length > 0) throw new FairleadError('internal', `still mounted: ${left.join(', ')}`);
}

/** True when something is mounted at this very path. It is not touched: a server behind it may not answer any more. */
export function isMounted(path: string, fileSystems: FileSystems): boolean {
  const parent = dirname(path);
  return existsSync(parent) && fileSystems.mountPoints().includes(join(realpathSync(parent), basename(path)));
}

function mountsBelow(path: string, fileSystems: FileSystems): string[] {
  const real = realpathSync(path);
  return fileSystems.mountPoints().filter((point) => point === real || point.startsWith(`${real}/`));
}
