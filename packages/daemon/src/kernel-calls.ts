import type { FileCalls, FileSystems } from '@fairlead/engine';
import {
  copyPipe,
  listXattrs,
  makeFifo,
  makeNode,
  mountFileSystem,
  mountPoints,
  movePipe,
  openInRoot,
  openMountTree,
  openPipe,
  readXattr,
  setPipeCapacity,
  unmountFileSystem,
  whenReadable,
  writeXattr,
} from '@fairlead/kernel';
import type { PipeCalls } from '@fairlead/runtime';

/** The kernel's calls as the engine takes them. */
export const pipeCalls: PipeCalls = {
  ...{ makeFifo, setPipeCapacity },
  keeping: { makeFifo, setPipeCapacity, openPipe, movePipe, copyPipe, whenReadable },
};

export const fileSystems: FileSystems = { mount: mountFileSystem, unmount: unmountFileSystem, mountPoints };

export const files: FileCalls = { openInRoot, openMountTree, makeNode, listXattrs, readXattr, writeXattr };
