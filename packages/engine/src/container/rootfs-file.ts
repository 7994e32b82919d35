import { constants, openSync, readFileSync, closeSync, lstatSync } from 'node:fs';
import { join } from 'node:path';

/** A mount as containerd describes it. */
interface RootfsMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/**
 * Read a small file of a file system that is not mounted yet, from the layers of its overlay.
 *
 * Links are not followed: they could lead out of the image to a file of the host.
 *
 * @returns the text of the uppermost layer that has it; empty when none has.
 */
export function readRootfsFile(mounts: readonly RootfsMount[], path: string): string {
  for (const layer of mounts.flatMap(layersOf)) {
    const text = readUnder(layer, path);
    if (text !== undefined) return text;
  }
  return '';
}

/** Directories of a mount, uppermost first. */
function layersOf({ type, source, options }: RootfsMount): string[] {
  if (type === 'bind') return [source];
  const value = (name: string) => options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const lower = value('lowerdir')?.split(':') ?? [];
  const upper = value('upperdir');
  return upper === undefined ? lower : [upper, ...lower];
}

function readUnder(layer: string, path: string): string | undefined {
  let current = layer;
  const parts = path.split('/').filter((part) => part !== '');
  try {
    for (const part of parts.slice(0, -1)) {
      current = join(current, part);
      if (!lstatSync(current).isDirectory()) return undefined;
    }
    const descriptor = openSync(join(current, parts.at(-1) ?? ''), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}
