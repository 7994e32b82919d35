import { closeSync, constants, mkdirSync, openSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mount, openTree, umount2 } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { openInRoot } from './file-calls.ts';

/** One mount of a snapshot, in mount(8)'s words. */
export interface LayerMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Something of the host that is seen inside. */
export interface BindMount {
  /** On the host; without it only the place is made, an empty file. */
  readonly source?: string | undefined;
  /** Absolute, inside. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** What is to be seen. */
export interface MountTree {
  readonly layers: readonly LayerMount[];
  /** Nothing can be changed, and the layers may be in use by somebody else who changes them. */
  readonly readOnly: boolean;
  /** In their order: a later one may lie within an earlier one. What is missing of their places is made. */
  readonly binds: readonly BindMount[];
}

/** The same number on every architecture (include/uapi/asm-generic/unistd.h); since Linux 5.2. */
const OPEN_TREE = 428;
const OPEN_TREE_CLONE = 1;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const AT_FDCWD = -100;
const AT_RECURSIVE = 0x8000;
const MS_RDONLY = 1;
const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_PRIVATE = 1 << 18;
const MNT_DETACH = 2;

/**
 * Mount a file system where nobody but the holder of the returned descriptor can reach it. It is unmounted when the
 * descriptor, and whatever was opened through it, is closed; so a crash leaves nothing.
 *
 * @param place directory that does not exist, taken for a moment: only there can mounts be put into each other.
 * @throws SystemCallError, Node's error.
 */
export function openMountTree(place: string, tree: MountTree): number {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  try {
    // A mount of our own around it all, so that nothing of it reaches other mount namespaces.
    mount('tmpfs', place, 'tmpfs', 0, 'mode=700');
    try {
      mount('none', place, null, MS_PRIVATE, null);
      const root = join(place, 'root');
      mkdirSync(root);
      mountLayers(root, tree);
      for (const bind of tree.binds) bindInside(root, bind);
      return openTree(OPEN_TREE, AT_FDCWD, root, OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE);
    } finally {
      umount2(place, MNT_DETACH);
    }
  } finally {
    rmdirSync(place);
  }
}

function mountLayers(target: string, { layers, readOnly }: MountTree): void {
  for (const layer of layers) {
    if (layer.type === 'bind') bindDirectory(layer.source, target, readOnly || layer.options.includes('ro'));
    else mountOverlay(target, layer, readOnly);
  }
}

/** To be read only, all directories are lower ones: so overlayfs changes nothing in what others may be using. */
function mountOverlay(target: string, { type, source, options }: LayerMount, readOnly: boolean): void {
  const { upper, work, lower, others } = overlayParts(options);
  const layers = readOnly && upper !== undefined ? [upper, ...lower] : lower;
  const [only] = layers;
  // A single lower directory is no overlay.
  if (readOnly && only !== undefined && layers.length === 1) return bindDirectory(only, target, true);
  const held: number[] = [];
  // The kernel takes one page of options; a descriptor is a short name for a directory, whatever its path has in it.
  const short = (path: string): string => {
    const descriptor = openSync(path, O_PATH | constants.O_DIRECTORY);
    held.push(descriptor);
    return `/proc/self/fd/${descriptor}`;
  };
  try {
    const changed = !readOnly && upper !== undefined && work !== undefined;
    const writable = changed ? [`upperdir=${short(upper)}`, `workdir=${short(work)}`] : [];
    const data = [...others, `lowerdir=${layers.map(short).join(':')}`, ...writable];
    mount(source, target, type, readOnly ? MS_RDONLY : 0, data.join(','));
  } finally {
    for (const descriptor of held) closeSync(descriptor);
  }
}

/** The directories of an overlay, uppermost lower one first, and what else is said of it. */
function overlayParts(options: readonly string[]) {
  const value = (name: string) => options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const isOther = (option: string) => !/^(upperdir|workdir|lowerdir|index)=|^r[ow]$/.test(option);
  return {
    upper: value('upperdir'),
    work: value('workdir'),
    lower: value('lowerdir')?.split(':') ?? [],
    // With an index a directory could not be part of two mounts.
    others: [...options.filter(isOther), 'index=off'],
  };
}

function bindDirectory(source: string, target: string, readOnly: boolean): void {
  bind(source, () => openSync(target, O_PATH), readOnly);
}

function bindInside(root: string, { source, target, readOnly }: BindMount): void {
  const directory = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    makePlace(directory, target, source !== undefined && statSync(source).isDirectory());
    if (source !== undefined) bind(source, () => openInRoot(directory, Buffer.from(target), O_PATH), readOnly);
  } finally {
    closeSync(directory);
  }
}

/** Private at once: what is unmounted here must not be unmounted at its source. */
function bind(source: string, openTarget: () => number, readOnly: boolean): void {
  withPath(openTarget(), (path) => mount(source, path, null, MS_BIND | MS_REC, null));
  // Opened again, to have what is mounted there now.
  withPath(openTarget(), (path) => {
    mount('none', path, null, MS_REC | MS_PRIVATE, null);
    if (readOnly) mount('none', path, null, MS_BIND | MS_REMOUNT | MS_RDONLY, null);
  });
}

function withPath(descriptor: number, work: (path: string) => void): void {
  try {
    work(`/proc/self/fd/${descriptor}`);
  } finally {
    closeSync(descriptor);
  }
}

/** Make what is missing of the place of a bind, as the runtime does. */
function makePlace(root: number, target: string, isDirectory: boolean): void {
  const parts = target.split('/').filter((part) => part !== '');
  parts.forEach((name, index) => {
    if (exists(root, parts.slice(0, index + 1).join('/'))) return;
    const parent = openInRoot(root, Buffer.from(parts.slice(0, index).join('/') || '/'), O_PATH);
    withPath(parent, (path) => {
      if (isDirectory || index < parts.length - 1) mkdirSync(`${path}/${name}`, { mode: 0o755 });
      else closeSync(openSync(`${path}/${name}`, constants.O_CREAT | constants.O_EXCL, 0o644));
    });
  });
}

function exists(root: number, path: string): boolean {
  try {
    closeSync(openInRoot(root, Buffer.from(path), O_PATH));
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === 'ENOENT') return false;
    throw error;
  }
}
