import type { ErrnoName } from '@fairlead/netlink';
import { errnoOf } from '../system-call/errno-of.ts';
import { mount } from '../system-call/syscalls.ts';
import { isReadOnlyBind, parseMountOptions } from './mount-options.ts';

const MS_REMOUNT = 0x20;

/** A file system that is to be mounted. */
export interface FileSystemMount {
  /** Device, directory of a bind, or whatever the file system calls its source. */
  readonly source: string;
  readonly target: string;
  /** `tmpfs`, `nfs`; `none` for a bind. */
  readonly type: string;
  /** As mount(8) takes them after `-o`. */
  readonly options: string;
}

/** Mount on this thread. @returns why the kernel refused; `undefined` when it did not. */
export function tryMount(request: FileSystemMount): ErrnoName | undefined {
  try {
    performMount(request);
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
}

function performMount({ source, target, type, options }: FileSystemMount): void {
  const { flags, propagation, data } = parseMountOptions(options);
  mount(source, target, type, flags, data);
  if (isReadOnlyBind(flags)) mount('', target, '', flags | MS_REMOUNT, '');
  if (propagation !== 0) mount('none', target, '', propagation, '');
}
