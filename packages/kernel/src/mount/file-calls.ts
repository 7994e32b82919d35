import { lgetxattr, llistxattr, mknod, openat2, setxattr } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

/** The same number on every architecture (include/uapi/asm-generic/unistd.h); since Linux 5.6. */
const OPENAT2 = 437;
const RESOLVE_IN_ROOT = 0x10;
const RESOLVE_NO_MAGICLINKS = 0x02;
const O_CLOEXEC = 0o2000000;
/** Attempts at a path that others rename meanwhile: the kernel then asks to try again (openat2(2), EAGAIN). */
const attempts = 100;

/**
 * Open a file as it would be found by a process whose root directory is `root`: absolute links and `..` stay inside,
 * whatever anybody changes meanwhile.
 *
 * @param path byte for byte; absolute and relative mean the same.
 * @throws SystemCallError for example `openat2: No such file or directory (ENOENT)`.
 */
export function openInRoot(root: number, path: Uint8Array, flags: number, mode = 0): number {
  const how = new BigUint64Array([
    BigInt(flags | O_CLOEXEC),
    BigInt(mode),
    BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS),
  ]);
  const bytes = new Uint8Array(how.buffer);
  for (let attempt = 1; ; attempt++) {
    try {
      return openat2(OPENAT2, root, terminated(path), bytes, bytes.length);
    } catch (error) {
      if (attempt === attempts || !(error instanceof SystemCallError && isInterruption(error))) throw error;
    }
  }
}

function isInterruption({ errno }: SystemCallError): boolean {
  return errno === 'EAGAIN' || errno === 'EINTR';
}

/** Make a device, a pipe or a socket; `mode` holds its type (inode(7)). */
export function makeNode(path: Uint8Array, mode: number, major: number, minor: number): void {
  mknod(terminated(path), mode, deviceNumber(BigInt(major), BigInt(minor)));
}

/** gnu_dev_makedev(3): twelve and eight bits where they were once, the rest above. */
function deviceNumber(major: bigint, minor: bigint): bigint {
  return ((major & 0xfffff000n) << 32n) | ((major & 0xfffn) << 8n) | ((minor & 0xffffff00n) << 12n) | (minor & 0xffn);
}

/** Names of a file's extended attributes; none where the file system has no such thing. A link is not followed. */
export function listXattrs(path: Uint8Array): string[] {
  const names = attributeBytes((buffer) => llistxattr(terminated(path), buffer, buffer.length));
  return names === undefined ? [] : names.toString('latin1').split('\0').slice(0, -1);
}

/** Value of an extended attribute; `undefined` when the file has none of this name. A link is not followed. */
export function readXattr(path: Uint8Array, name: string): Buffer | undefined {
  return attributeBytes((buffer) => lgetxattr(terminated(path), name, buffer, buffer.length));
}

/** Set an extended attribute. A link is followed: give `/proc/self/fd/N`. @throws SystemCallError */
export function writeXattr(path: Uint8Array, name: string, value: Uint8Array): void {
  setxattr(terminated(path), name, value, value.length, 0);
}

/** The kernel allows no longer ones (include/uapi/linux/limits.h, XATTR_SIZE_MAX and XATTR_LIST_MAX). */
const xattrBuffer = Buffer.alloc(65_536);

function attributeBytes(read: (buffer: Buffer) => number): Buffer | undefined {
  try {
    return Buffer.from(xattrBuffer.subarray(0, read(xattrBuffer)));
  } catch (error) {
    if (error instanceof SystemCallError && (error.errno === 'ENODATA' || error.errno === 'EOPNOTSUPP'))
      return undefined;
    throw error;
  }
}

function terminated(path: Uint8Array): Uint8Array {
  return Buffer.concat([path, new Uint8Array(1)]);
}
