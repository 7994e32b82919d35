import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** As many links as the kernel follows in one path (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * The path on the host of what a process whose root is `root` calls `path`. Links are followed as that process would
 * follow them, so none leads out. Nobody else may change what is below `root` meanwhile.
 *
 * @returns `undefined` when there is nothing at the path.
 */
export function insideRoot(root: string, path: string): string | undefined {
  let found: string[] = [];
  const waiting = path.split('/');
  for (let links = 0; waiting.length > 0; ) {
    const step = waiting.shift() ?? '';
    if (step === '' || step === '.') continue;
    if (step === '..') {
      found.pop();
      continue;
    }
    const place = join(root, ...found, step);
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (stat.isSymbolicLink()) {
      if (++links > MOST_LINKS) return undefined;
      const target = readlinkSync(place);
      if (target.startsWith('/')) found = [];
      waiting.unshift(...target.split('/'));
    } else {
      if (!stat.isDirectory() && waiting.length > 0) return undefined;
      found.push(step);
    }
  }
  return join(root, ...found);
}
