import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { shortText } from '../../files/file-calls.ts';

/** A mount as containerd describes it. */
export interface RootfsMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/**
 * Read a small file of a file system that is not mounted yet, from the layers of its overlay.
 *
 * Links are not followed: they could lead out of the image to a file of the host. Nothing but a regular file is read.
 *
 * @returns the text of the uppermost layer that has it; empty when none has, or when a layer took it away.
 */
export function readRootfsFile(mounts: readonly RootfsMount[], path: string): string {
  for (const layer of mounts.flatMap(layersOf)) {
    const text = readUnder(layer, path);
    if (text !== undefined) return text;
  }
  return '';
}

/** Directories of a mount, uppermost first. */
export function layersOf({ type, source, options }: RootfsMount): string[] {
  if (type === 'bind') return [source];
  const value = (name: string) => options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const lower = value('lowerdir')?.split(':') ?? [];
  const upper = value('upperdir');
  return upper === undefined ? lower : [upper, ...lower];
}

/** Step by step from directory to directory, each held open: a running container could replace them by links meanwhile. */
function readUnder(layer: string, path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const name = parts.pop() ?? '';
  const held: number[] = [];
  const open = (step: string, flags: number) => {
    const descriptor = openSync(step, flags);
    held.push(descriptor);
    return `/proc/self/fd/${descriptor}`;
  };
  try {
    let directory = open(layer, constants.O_RDONLY | constants.O_DIRECTORY);
    for (const part of parts) {
      if (isWhiteout(`${directory}/${part}`)) return '';
      directory = open(`${directory}/${part}`, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    }
    return readRegular(`${directory}/${name}`);
  } catch {
    return undefined;
  } finally {
    for (const descriptor of held) closeSync(descriptor);
  }
}

function readRegular(path: string): string | undefined {
  if (isWhiteout(path)) return '';
  // O_NONBLOCK: opening a pipe would wait for a writer.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return shortText(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** overlayfs marks what a layer took away by a character device with the number 0 (kernel, filesystems/overlayfs.rst). */
function isWhiteout(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isCharacterDevice() === true && stat.rdev === 0;
}
