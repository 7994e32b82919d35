import { posix } from 'node:path';
import { FairleadError } from '@fairlead/base';
import { type Compression, decompressed, peekCompression } from '../archive/compression.ts';
import { type TarEntry, tarEntries } from '../archive/tar-entries.ts';
import { type Digest, digestOf, parseDigest } from '../document/digest.ts';
import { readBody } from '../remote/http-transport.ts';
import { type ContentStore, streamContent } from './content-store.ts';

/** A file of an archive: a blob of the store by now. */
export interface ArchivedBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly compression: Compression;
}

/**
 * What an image archive holds, once it has been read to its end: JSON documents as text, all else as blobs.
 *
 * An archive is a stream, and what it means stands at its end (`manifest.json`, `index.json`). So each file goes to the
 * store as it comes by; what turns out to be nobody's is collected with the lease.
 */
export interface ImageArchive {
  /** By path: the documents at the top and those beside a layer. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  /** By path, links followed. */
  readonly blobs: ReadonlyMap<string, ArchivedBlob>;
}

const blobPath = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/;
const maximumDocument = 8 * 1024 * 1024;

/**
 * Read an archive as `docker save` (any version) or an OCI image layout tool writes it; gzip and zstd are undone.
 *
 * @throws FairleadError `invalid-argument` when it is no tar archive, `internal` when a blob is not what its name says.
 */
export async function readImageArchive(
  archive: AsyncIterable<Uint8Array>,
  content: ContentStore,
): Promise<ImageArchive> {
  const documents = new Map<string, Uint8Array>();
  const blobs = new Map<string, ArchivedBlob>();
  const links = new Map<string, string>();
  for await (const entry of tarEntries(await decompressed(archive))) {
    if (entry.type === 'link' || entry.type === 'symlink') links.set(entry.name, linkTarget(entry));
    else if (entry.type === 'file' && isDocument(entry.name)) documents.set(entry.name, await readDocument(entry));
    else if (entry.type === 'file') blobs.set(entry.name, await storeBlob(entry, content));
  }
  for (const path of links.keys()) {
    const blob = followLink(path, links, blobs);
    if (blob !== undefined) blobs.set(path, blob);
  }
  return { documents, blobs };
}

/** A document that the archive has to have, wherever it was kept. */
export async function archivedDocument(
  archive: ImageArchive,
  path: string,
  content: ContentStore,
): Promise<{ bytes: Uint8Array; digest: Digest; size: number }> {
  const bytes = archive.documents.get(path);
  if (bytes !== undefined) return { bytes, digest: digestOf(bytes), size: bytes.length };
  const blob = archive.blobs.get(path);
  if (blob === undefined) throw new FairleadError('invalid-argument', `invalid archive: it does not hold "${path}"`);
  const { digest, size } = blob;
  if (size > maximumDocument) throw new FairleadError('invalid-argument', `invalid archive: "${path}" is too large`);
  return { bytes: await content.read(digest), digest, size };
}

/** Path of a blob in an OCI image layout. */
export function layoutPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function isDocument(name: string): boolean {
  return /\.json$/.test(name) || /(^|\/)(json|VERSION|repositories|oci-layout)$/.test(name);
}

async function readDocument({ name, size, content }: TarEntry): Promise<Uint8Array> {
  if (size > maximumDocument) throw new FairleadError('invalid-argument', `invalid archive: "${name}" is too large`);
  return readBody(content, maximumDocument);
}

async function storeBlob({ name, size, content: source }: TarEntry, content: ContentStore): Promise<ArchivedBlob> {
  const { compression, content: bytes } = await peekCompression(source);
  const [, algorithm, hex] = blobPath.exec(name) ?? [];
  if (algorithm === undefined || hex === undefined) return { ...(await content.ingest(bytes, {})), compression };
  const digest = parseDigest(`${algorithm}:${hex}`);
  // The store checks size and digest.
  await content.write({ mediaType: '', digest, size }, streamContent(bytes), {});
  return { digest, size, compression };
}

/** A hard link names a path of the archive; a symbolic one is relative to where it stands. */
function linkTarget({ type, name, linkName }: TarEntry): string {
  return posix.normalize(type === 'link' ? linkName : posix.join(posix.dirname(name), linkName));
}

function followLink(
  path: string,
  links: ReadonlyMap<string, string>,
  blobs: ReadonlyMap<string, ArchivedBlob>,
): ArchivedBlob | undefined {
  const seen = new Set<string>();
  let current: string | undefined = path;
  while (current !== undefined && !seen.has(current)) {
    const blob = blobs.get(current);
    if (blob !== undefined) return blob;
    seen.add(current);
    current = links.get(current);
  }
  return undefined;
}
