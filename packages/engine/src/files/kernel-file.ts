import { type FileHandle, statfs } from 'node:fs/promises';

/**
 * File systems that the kernel makes up (include/uapi/linux/magic.h: proc, sysfs, cgroup, cgroup2, devpts, debugfs, tracefs,
 * securityfs, configfs, pstore, efivarfs, bpf, selinuxfs). What is in them is no file of the container, and some of it has no end.
 */
const kernelFileSystems: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x64626720, 0x74726163, 0x73636673, 0x62656570, 0x6165676c,
  0xde5e81e4, 0xcafe4a11, 0xf97cff8c,
]);

/** Bytes; what is longer has no end, or is the memory of somebody. */
const LONGEST = 4 * 1024 * 1024;
const pieceSize = 64 * 1024;

/** Whoever reads them takes it from others (proc(5), Documentation/trace/ftrace.rst). */
const consumed: ReadonlySet<string> = new Set(['kmsg', 'trace_pipe']);

/** True for what is on a file system of the kernel's own. @param path of a file or directory; no link. */
export async function isKernelFile(path: string | Buffer): Promise<boolean> {
  return kernelFileSystems.has((await statfs(path)).type);
}

/**
 * What such a file says now. Its size says nothing about that: it is 0, or a page.
 *
 * @returns `undefined` for one that cannot be read, or has no end.
 */
export async function kernelFileContent(handle: FileHandle, name: string): Promise<Buffer | undefined> {
  if (consumed.has(name.slice(name.lastIndexOf('/') + 1))) return undefined;
  const pieces: Buffer[] = [];
  for (let length = 0; length <= LONGEST; ) {
    const piece = await nextPiece(handle);
    if (piece === undefined) return undefined;
    if (piece.length === 0) return Buffer.concat(pieces);
    pieces.push(piece);
    length += piece.length;
  }
  return undefined;
}

async function nextPiece(handle: FileHandle): Promise<Buffer | undefined> {
  const buffer = Buffer.allocUnsafe(pieceSize);
  try {
    const { bytesRead } = await handle.read(buffer, 0, pieceSize, null);
    return buffer.subarray(0, bytesRead);
  } catch {
    // Many attributes can only be written to, or say that there is nothing to say.
    return undefined;
  }
}
