import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { type IdentityMapping, ownerInside } from '@fairlead/base';
import { type TarFile, tarHeader, tarPadding } from '@fairlead/registry/tar';
import { childName } from './archive-path.ts';
import { below, errnoName, type FileCalls, pathBytes } from './file-calls.ts';
import { isKernelFile, kernelFileContent } from './kernel-file.ts';

/** Bytes read at once. */
const pieceSize = 256 * 1024;

/** Attributes that go into an archive: the others are the host's or the layer's own. */
const packedXattrs = /^(security\.capability$|user\.)/;

/**
 * Writes files into a tar archive, piece by piece.
 *
 * Each directory is held open while it is read and no link is followed, so whoever changes the files meanwhile cannot
 * lead out of them.
 */
export class TreePacker {
  readonly #calls: Pick<FileCalls, 'listXattrs' | 'readXattr'>;
  readonly #identities: IdentityMapping | undefined;
  /** Names of files that have several, by device and inode. */
  readonly #linked = new Map<string, string>();
  /** Devices of file systems, and whether those are the kernel's own. */
  readonly #isOfKernel = new Map<bigint, boolean>();

  /** @param identities whom the files' owners are written as: those inside of the mapping. */
  constructor(calls: Pick<FileCalls, 'listXattrs' | 'readXattr'>, identities?: IdentityMapping) {
    this.#calls = calls;
    this.#identities = identities;
  }

  /**
   * A file, or a directory with all that is in it. Sockets cannot be in an archive; what is gone by now is left out.
   *
   * @param path one character for each byte, reached through an open directory.
   * @param name in the archive; '' for the top that is not written itself.
   */
  async *pack(path: string, name: string, device?: bigint): AsyncGenerator<Uint8Array> {
    const stat = await tolerant(lstat(pathBytes(path), { bigint: true }));
    if (stat === undefined) return;
    if (stat.isFile()) return yield* this.#file(path, name, stat);
    const file = await this.#describe(path, name, stat);
    if (file === undefined) return;
    if (name !== '') yield tarHeader(file);
    if (stat.isDirectory()) yield* this.#children(path, name, stat.dev, device);
  }

  async *#children(path: string, name: string, device: bigint, parent?: bigint): AsyncGenerator<Uint8Array> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    await using directory = await tolerant(open(pathBytes(path), flags));
    if (directory === undefined) return;
    const here = below(directory.fd, '');
    if (parent !== undefined && parent !== device && (await isKernelFile(here))) return;
    const children = (await tolerant(readdir(here, { encoding: 'latin1' }))) ?? [];
    for (const child of children.sort()) {
      yield* this.pack(below(directory.fd, child), childName(name, child), device);
    }
  }

  async *#file(path: string, name: string, seen: BigIntStats): AsyncGenerator<Uint8Array> {
    const first = this.#firstName(seen, name);
    if (first !== undefined) {
      const attributes = this.#attributes(seen);
      return yield tarHeader({ name, type: 'link', attributes, linkName: first });
    }
    // O_NONBLOCK: what has become a pipe meanwhile would wait for a writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    if (await this.#isKernelFile(path, seen)) return yield* this.#kernelFile(path, name, flags);
    await using handle = await tolerant(open(pathBytes(path), flags));
    const stat = await handle?.stat({ bigint: true });
    if (handle === undefined || stat === undefined || !stat.isFile()) return;
    const size = Number(stat.size);
    yield tarHeader({ name, type: 'file', attributes: this.#attributes(stat), size, xattrs: this.#xattrs(path) });
    yield* exactly(handle, size);
    yield tarPadding(size);
  }

  async #isKernelFile(path: string, { dev }: BigIntStats): Promise<boolean> {
    const known = this.#isOfKernel.get(dev) ?? (await tolerant(isKernelFile(pathBytes(path))));
    if (known !== undefined) this.#isOfKernel.set(dev, known);
    return known === true;
  }

  /** What it says, whatever its size is said to be; what cannot be read is left out, as are processes that have ended. */
  async *#kernelFile(path: string, name: string, flags: number): AsyncGenerator<Uint8Array> {
    await using handle = await open(pathBytes(path), flags).catch(() => undefined);
    const stat = await handle?.stat({ bigint: true });
    const content = handle && (await kernelFileContent(handle, name));
    if (stat === undefined || content === undefined) return;
    yield tarHeader({ name, type: 'file', attributes: this.#attributes(stat), size: content.length });
    yield content;
    yield tarPadding(content.length);
  }

  #attributes(stat: BigIntStats): TarFile['attributes'] {
    const attributes = attributesOf(stat);
    return this.#identities === undefined
      ? attributes
      : { ...attributes, ...ownerInside(this.#identities, attributes) };
  }

  #firstName(stat: BigIntStats, name: string): string | undefined {
    if (stat.nlink < 2n) return undefined;
    const key = `${stat.dev}:${stat.ino}`;
    const first = this.#linked.get(key);
    if (first === undefined) this.#linked.set(key, name);
    return first;
  }

  async #describe(path: string, name: string, stat: BigIntStats): Promise<TarFile | undefined> {
    const attributes = this.#attributes(stat);
    if (stat.isDirectory()) {
      return {
        name: name.endsWith('/') ? name : `${name}/`,
        type: 'directory',
        attributes,
        xattrs: this.#xattrs(path),
      };
    }
    if (stat.isSymbolicLink()) {
      const linkName = await tolerant(readlink(pathBytes(path), { encoding: 'latin1' }));
      return linkName === undefined ? undefined : { name, type: 'symlink', attributes, linkName };
    }
    if (stat.isFIFO()) return { name, type: 'fifo', attributes };
    if (stat.isCharacterDevice()) return { name, type: 'character-device', attributes };
    return stat.isBlockDevice() ? { name, type: 'block-device', attributes } : undefined;
  }

  #xattrs(path: string): ReadonlyMap<string, string> {
    const bytes = pathBytes(path);
    const names = this.#calls.listXattrs(bytes).filter((name) => packedXattrs.test(name));
    return new Map(
      names.flatMap((name) => {
        const value = this.#calls.readXattr(bytes, name);
        return value === undefined ? [] : [[name, Buffer.from(value).toString('latin1')]];
      }),
    );
  }
}

/**
 * As many bytes as the header has said: one that shrinks meanwhile is filled with zeros, as GNU tar does. While one piece is
 * on its way the next one is read.
 */
async function* exactly(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  let next = size > 0 ? readPiece(handle, size) : undefined;
  for (let missing = size; next !== undefined; ) {
    const piece: Uint8Array = await next;
    missing -= piece.length;
    next = missing > 0 ? readPiece(handle, missing) : undefined;
    // Thrown where it is awaited, unless nobody wants the next piece.
    next?.catch(() => {});
    yield piece;
  }
}

async function readPiece(handle: FileHandle, missing: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(Math.min(missing, pieceSize));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
  return bytesRead === 0 ? buffer.fill(0) : buffer.subarray(0, bytesRead);
}

function attributesOf(stat: BigIntStats): TarFile['attributes'] {
  const { rdev } = stat;
  const isDevice = stat.isCharacterDevice() || stat.isBlockDevice();
  return {
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: Number(stat.mtimeNs / 1_000_000_000n),
    // gnu_dev_major(3) and gnu_dev_minor(3).
    major: isDevice ? Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)) : 0,
    minor: isDevice ? Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)) : 0,
  };
}

/** The result, or `undefined` when the file has gone or has become something else since its directory was read. */
async function tolerant<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL', 'ENXIO', 'ESRCH'].includes(errnoName(error))) return undefined;
    throw error;
  }
}
