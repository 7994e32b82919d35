import { fstatSync, readSync } from 'node:fs';
import type { SnapshotMount } from '@fairlead/runtime';

/** Something of the host that is seen in a container. */
export interface BindPlace {
  /** Without it only the place is made, an empty file. */
  readonly source?: string | undefined;
  readonly target: string;
  readonly readOnly: boolean;
}

/** What Node has no calls for. Paths are bytes, for names of files need not be UTF-8. */
export interface FileCalls {
  /** Open a path as if `root` were the root directory: no link leads out of it. */
  openInRoot(root: number, path: Uint8Array, flags: number, mode?: number): number;
  /** Mount layers where only the holder of the descriptor can reach them; closing it unmounts them. */
  openMountTree(
    place: string,
    tree: {
      readonly layers: readonly SnapshotMount[];
      readonly readOnly: boolean;
      readonly binds: readonly BindPlace[];
    },
  ): number;
  makeNode(path: Uint8Array, mode: number, major: number, minor: number): void;
  listXattrs(path: Uint8Array): string[];
  readXattr(path: Uint8Array, name: string): Uint8Array | undefined;
  writeXattr(path: Uint8Array, name: string, value: Uint8Array): void;
}

/** O_PATH of open(2): a place in the file system without a look at what is there. */
export const O_PATH = 0o10000000;

/** Bytes of a path that is kept as one character for each byte. */
export function pathBytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** A path in the form that {@link pathBytes} takes. */
export function bytePath(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** A path as its readers know it. */
export function textPath(path: string): string {
  return pathBytes(path).toString('utf8');
}

/** Where something below an open directory is found; a link in the last place is not followed by calls that do not. */
export function below(descriptor: number, name: string): string {
  return `/proc/self/fd/${descriptor}/${name === '' ? '.' : name}`;
}

/** Bytes; files such as `/etc/passwd` and Dockerfiles are far smaller, and a container could have any. */
const longestText = 1 << 24;

/**
 * The text of an open file whose size is not ours to choose, and which we have to hold; `undefined` when it is no regular
 * file, or a longer one. What is added meanwhile is not read.
 */
export function shortText(descriptor: number): string | undefined {
  const stat = fstatSync(descriptor);
  if (!stat.isFile() || stat.size > longestText) return undefined;
  const bytes = Buffer.allocUnsafe(stat.size);
  return bytes.toString('utf8', 0, readSync(descriptor, bytes));
}

/** Name of the error number of anything that a call threw. */
export function errnoName(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'errno' in error && typeof error.errno === 'string' ? error.errno : '';
}
