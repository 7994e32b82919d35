import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { createGzip } from 'node:zlib';
import { FairleadError, withPrefix } from '@fairlead/base';
import type { Descriptor } from '@fairlead/registry';
import { decompressed, type TarEntry, tarEnd, tarEntries, tarHeader, tarPadding } from '@fairlead/registry/tar';
import { ArchiveExtractor } from '../files/archive-extractor.ts';
import { entryPath, splitPath } from '../files/archive-path.ts';
import { below, errnoName, type FileCalls, O_PATH, pathBytes } from '../files/file-calls.ts';
import { removeTree } from '../files/remove-tree.ts';

const ROOTFS = 'rootfs/';
/** Bytes of a `config.json`; a larger one is none. */
const LARGEST_CONFIG = 4 * 1024 * 1024;

/** A blob's name and length. */
type Kept = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Unpack what `docker plugin create` sends, a `config.json` and a folder `rootfs`, and make a layer of the latter as it
 * comes.
 *
 * @param root folder for the root file system.
 * @param keep takes in the layer, packed with gzip.
 * @throws FairleadError in Docker's words for an archive without them.
 */
export async function unpackPlugin(
  archive: AsyncIterable<Uint8Array>,
  root: string,
  calls: FileCalls,
  keep: (layer: AsyncIterable<Uint8Array>) => Promise<Kept>,
): Promise<{ readonly config: string; readonly layer: Kept }> {
  const layer = new LayerWriter();
  const kept = keep(layer.packed);
  kept.catch(() => {});
  let config: string | undefined;
  let hasRootfs = false;
  async function* rootfsEntries(): AsyncGenerator<TarEntry> {
    for await (const entry of entriesOf(archive)) {
      const name = entryPath(entry.name, '/');
      if (name === 'config.json') config = await textOf(entry.content);
      if (name !== 'rootfs' && !name.startsWith(ROOTFS)) continue;
      hasRootfs = true;
      if (name !== 'rootfs') yield* layer.through(withoutFolder(entry, name));
    }
  }
  try {
    await extract(rootfsEntries, root, calls);
    if (!hasRootfs) throw new FairleadError('internal', 'no rootfs found: EOF');
    if (config === undefined) throw new FairleadError('internal', 'config not found');
    await layer.end();
    return { config, layer: await kept };
  } catch (error) {
    layer.abandon(error);
    // Where the layer could not be kept that is the cause, and what happened here only came of it.
    throw await kept.then(
      () => error,
      (cause: unknown) => cause,
    );
  }
}

/** Unpack a layer on top of what is there; what it takes away goes (OCI image spec, `layer.md`, "Whiteouts"). */
export async function applyLayer(layer: AsyncIterable<Uint8Array>, root: string, calls: FileCalls): Promise<void> {
  async function* withoutWhiteouts(folder: number): AsyncGenerator<TarEntry> {
    for await (const entry of entriesOf(layer)) {
      const [directory, name] = splitPath(`/${entryPath(entry.name, '/')}`);
      if (!name.startsWith('.wh.')) yield entry;
      else if (!name.startsWith('.wh..wh.')) await removeBelow(folder, directory, name.slice('.wh.'.length), calls);
    }
  }
  await extract(withoutWhiteouts, root, calls);
}

async function* entriesOf(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  try {
    yield* tarEntries(await decompressed(archive), 'latin1');
  } catch (error) {
    throw withPrefix('failed to read from tar: ', error);
  }
}

/** @param entries are given the open folder. */
async function extract(
  entries: (root: number) => AsyncIterable<TarEntry>,
  folder: string,
  calls: FileCalls,
): Promise<void> {
  const root = openSync(folder, O_PATH | constants.O_DIRECTORY);
  try {
    const destination = { root, path: '/', keepKinds: false };
    await new ArchiveExtractor(calls, destination).extractEntries(entries(root));
  } finally {
    closeSync(root);
  }
}

/** What is not there needs no removal. */
async function removeBelow(root: number, folder: string, name: string, calls: FileCalls): Promise<void> {
  try {
    const parent = calls.openInRoot(root, pathBytes(folder), O_PATH | constants.O_DIRECTORY);
    try {
      await removeTree(below(parent, name));
    } finally {
      closeSync(parent);
    }
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error;
  }
}

/** A hard link's other name is in the folder, too. */
function withoutFolder(entry: TarEntry, name: string): TarEntry {
  const { type, linkName } = entry;
  const isInside = type === 'link' && linkName.toLowerCase().startsWith(ROOTFS);
  return {
    ...entry,
    name: `${name.slice(ROOTFS.length)}${type === 'directory' ? '/' : ''}`,
    linkName: isInside ? linkName.slice(ROOTFS.length) : linkName,
  };
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content) {
    length += piece.length;
    if (length > LARGEST_CONFIG) throw new FairleadError('internal', 'failed to read config.json: it is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Writes entries into a layer while somebody else unpacks them. */
class LayerWriter {
  readonly #gzip = createGzip();
  readonly #closed = Promise.withResolvers<void>();

  constructor() {
    this.#gzip.once('close', () => this.#closed.resolve());
    // Who reads is told; before anybody does there is nobody to tell.
    this.#gzip.on('error', () => {});
  }

  get packed(): AsyncIterable<Uint8Array> {
    return this.#gzip;
  }

  /** An entry whose content is written here as it is read. */
  async *through(entry: TarEntry): AsyncGenerator<TarEntry> {
    const { name, type, attributes, linkName, xattrs } = entry;
    if (type === 'other') return yield entry;
    const size = type === 'file' ? entry.size : 0;
    await this.#write(tarHeader({ name, type, attributes, size, linkName, xattrs }));
    yield { ...entry, content: this.#copied(entry.content) };
    await this.#write(tarPadding(size));
  }

  async end(): Promise<void> {
    await this.#write(tarEnd);
    this.#gzip.end();
  }

  abandon(error: unknown): void {
    this.#gzip.destroy(error instanceof Error ? error : new Error(String(error)));
  }

  async *#copied(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of content) {
      await this.#write(piece);
      yield piece;
    }
  }

  /** @throws Error when who keeps the layer reads no more: there will be no room then. */
  async #write(piece: Uint8Array): Promise<void> {
    if (piece.length > 0 && !this.#gzip.write(piece))
      await Promise.race([once(this.#gzip, 'drain'), this.#closed.promise]);
    if (this.#gzip.destroyed) throw new Error('the layer is not kept');
  }
}
