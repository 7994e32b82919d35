import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs';
import { join, posix } from 'node:path';
import { FairleadError } from '@fairlead/base';
import { IgnorePatterns } from '@fairlead/dockerfile';
import { decompressed, type TarEntry, tarEntries } from '@fairlead/registry/tar';
import { ArchiveExtractor } from '../files/archive-extractor.ts';
import { bytePath, errnoName, type FileCalls, O_PATH, pathBytes, shortText } from '../files/file-calls.ts';
import { inDirectory, isMissingPath, type RootView, realPath } from '../files/path-stat.ts';
import { removeTree } from '../files/remove-tree.ts';
import { beginFileDigest } from './file-digest.ts';

/** The files that a client has sent, in a directory of their own until it is disposed of. */
export class ContextDirectory implements Disposable {
  readonly view: RootView;
  readonly #folder: string;
  /** Digests by path, one character for each byte. */
  readonly #digests: ReadonlyMap<string, string>;

  private constructor(folder: string, view: RootView, digests: ReadonlyMap<string, string>) {
    this.#folder = folder;
    this.view = view;
    this.#digests = digests;
  }

  /**
   * Unpack an archive.
   *
   * @param folder does not exist yet.
   * @throws FairleadError `invalid-argument` for what is no archive. Nothing is left then.
   */
  static async unpack(archive: AsyncIterable<Uint8Array>, folder: string, calls: FileCalls): Promise<ContextDirectory> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    using undo = new DisposableStack();
    undo.defer(() => rmSync(folder, { recursive: true, force: true }));
    const descriptor = openSync(folder, O_PATH | constants.O_DIRECTORY);
    undo.defer(() => closeSync(descriptor));
    const digests = new Map<string, string>();
    const target = { root: descriptor, path: '/', keepKinds: false };
    const entries = withDigests(tarEntries(await decompressed(toItsEnd(archive)), 'latin1'), digests);
    await new ArchiveExtractor(calls, target).extractEntries(entries);
    undo.move();
    return new ContextDirectory(folder, { descriptor, calls }, digests);
  }

  /** Digest of the file at a path without links; what the archive did not name has its path for one, as in Docker. */
  digest(path: string): string {
    return this.#digests.get(path) ?? path;
  }

  /**
   * The text of the Dockerfile. It goes from the context when `.dockerignore` says so, for clients send it all the same.
   *
   * @throws FairleadError `invalid-argument` in Docker's words.
   */
  async dockerfile(name: string): Promise<string> {
    const wanted = name === '' ? 'Dockerfile' : name;
    const path = this.#find(wanted, wanted === 'Dockerfile' ? ['Dockerfile', 'dockerfile'] : [wanted]);
    const text = this.#read(path) ?? '';
    if (text === '') fail(`the Dockerfile (${wanted}) cannot be empty`);
    const ignored = new IgnorePatterns(this.#read('.dockerignore') ?? '');
    for (const file of ['.dockerignore', path]) if (ignored.ignores(posix.normalize(file))) await this.#remove(file);
    return text;
  }

  [Symbol.dispose](): void {
    closeSync(this.view.descriptor);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #find(wanted: string, candidates: readonly string[]): string {
    for (const path of candidates) if (this.#read(path) !== undefined) return path;
    fail(`Cannot locate specified Dockerfile: ${wanted}`);
  }

  /** @returns `undefined` when there is no such file. */
  #read(path: string): string | undefined {
    if (path.includes('\0')) return undefined;
    let file: number;
    try {
      const flags = constants.O_RDONLY | constants.O_NONBLOCK;
      file = this.view.calls.openInRoot(this.view.descriptor, Buffer.from(path), flags);
    } catch (error) {
      if (isMissingPath(error) || errnoName(error) === 'ELOOP') return undefined;
      throw error;
    }
    try {
      return shortText(file) ?? fail(`${path} is no Dockerfile`);
    } finally {
      closeSync(file);
    }
  }

  async #remove(path: string): Promise<void> {
    const real = realPath(this.view, bytePath(path));
    const place = join(this.#folder, pathBytes(real).toString('latin1'));
    // Nobody else is in this directory, so the path stays what it is.
    await removeTree(inDirectory(this.view, real, () => place)).catch((error: unknown) => {
      if (!isMissingPath(error)) throw error;
    });
  }
}

/**
 * A stream that is read to its end even when its reader has had enough: a client that is still sending when it gets its
 * answer takes that for a broken connection.
 */
async function* toItsEnd(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = content[Symbol.asyncIterator]();
  let isOver = false;
  const next = async () => {
    const result = await iterator.next();
    isOver = result.done === true;
    return result;
  };
  try {
    for (let piece = await next(); piece.done !== true; piece = await next()) yield piece.value;
  } finally {
    while (!isOver) await next();
  }
}

/** The entries, whose digests are kept as their content passes by. */
async function* withDigests(entries: AsyncIterable<TarEntry>, digests: Map<string, string>): AsyncGenerator<TarEntry> {
  for await (const entry of entries) {
    const { attributes, xattrs, linkName, size, written } = entry;
    const { name, wholeMode: mode, flag } = written;
    const nobody = { userName: '', groupName: '' };
    const hash = beginFileDigest({ ...attributes, ...nobody, name, mode, size, flag, linkName, xattrs });
    async function* content(): AsyncGenerator<Uint8Array> {
      for await (const piece of entry.content) {
        hash.update(piece);
        yield piece;
      }
    }
    yield { ...entry, content: content() };
    const path = posix.normalize(`/${name}`).replace(/^\/|\/$/g, '');
    if (!digests.has(path)) digests.set(path, hash.digest('hex'));
  }
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
