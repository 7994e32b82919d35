import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FairleadError, newIdentifier } from '@fairlead/base';
import { type BlobContent, type Descriptor, type Digest, parseDigest, verificationError } from '@fairlead/registry';

/** A blob's name and length. */
type Written = Pick<Descriptor, 'digest' | 'size'>;

/** What plugins are made of, each piece a file that is named for its content. A file that has its name is whole. */
export class PluginBlobs {
  readonly #folder: string;
  readonly #unfinished: string;

  /** @param folder made when the first one is written. */
  constructor(folder: string) {
    this.#folder = join(folder, 'sha256');
    this.#unfinished = join(folder, 'unfinished');
  }

  async has(digest: Digest): Promise<boolean> {
    return existsSync(this.#path(digest));
  }

  /** @throws FairleadError `not-found`. */
  async read(digest: Digest): Promise<Uint8Array> {
    try {
      return await readFile(this.#path(digest));
    } catch (cause) {
      throw new FairleadError('not-found', `content digest ${digest}: not found`, { cause });
    }
  }

  /** The same as a stream, from `offset` on. */
  stream(digest: Digest, offset = 0): AsyncIterable<Uint8Array> {
    return createReadStream(this.#path(digest), { start: offset });
  }

  /** Bytes. @throws FairleadError `not-found`. */
  size(digest: Digest): number {
    const stat = statSync(this.#path(digest), { throwIfNoEntry: false });
    if (stat === undefined) throw new FairleadError('not-found', `content digest ${digest}: not found`);
    return stat.size;
  }

  /** Keep a blob that is known. @throws FairleadError `internal` when it is another one. */
  async write(descriptor: Pick<Descriptor, 'digest' | 'size'>, content: BlobContent): Promise<void> {
    if (await this.has(descriptor.digest)) return;
    await this.#keep(content(0), ({ digest, size }) => {
      if (digest !== descriptor.digest || size !== descriptor.size) throw verificationError(descriptor.digest);
    });
  }

  /** Keep a blob whose name is not known before its end. */
  async ingest(content: AsyncIterable<Uint8Array>): Promise<Written> {
    return await this.#keep(content, () => {});
  }

  /** Remove what nobody uses, and what an earlier daemon left unfinished. Nothing may be written meanwhile. */
  collect(used: ReadonlySet<Digest>): void {
    rmSync(this.#unfinished, { recursive: true, force: true });
    if (!existsSync(this.#folder)) return;
    const names = new Set([...used].map((digest) => digest.slice('sha256:'.length)));
    for (const name of readdirSync(this.#folder)) if (!names.has(name)) rmSync(join(this.#folder, name));
  }

  async #keep(content: AsyncIterable<Uint8Array>, check: (written: Written) => void): Promise<Written> {
    for (const folder of [this.#folder, this.#unfinished]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    const place = join(this.#unfinished, newIdentifier());
    try {
      const written = await writeHashed(place, content);
      check(written);
      await rename(place, this.#path(written.digest));
      return written;
    } catch (error) {
      await rm(place, { force: true });
      throw error;
    }
  }

  #path(digest: Digest): string {
    return join(this.#folder, digest.slice('sha256:'.length));
  }
}

async function writeHashed(place: string, content: AsyncIterable<Uint8Array>): Promise<Written> {
  const hash = createHash('sha256');
  await using file = await open(place, 'wx', 0o600);
  let size = 0;
  for await (const piece of content) {
    hash.update(piece);
    size += piece.length;
    for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten;
  }
  // A name must not outlive what it stands for.
  await file.sync();
  return { digest: parseDigest(`sha256:${hash.digest('hex')}`), size };
}
