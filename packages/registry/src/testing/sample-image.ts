import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { type Descriptor, digestOf, jsonBlob } from '../document/digest.ts';
import { mediaTypes } from '../document/manifest.ts';
import { collected } from './memory-target.ts';

/** A file to put into an archive; a string with `linkTo` makes a symbolic link. */
export type SampleFile =
  | { readonly content: string | Uint8Array; readonly mode?: number }
  | { readonly linkTo: string };

/** A tar archive of some files. */
export async function tarOf(files: Readonly<Record<string, SampleFile>>): Promise<Uint8Array> {
  const archive = pack();
  for (const [name, file] of Object.entries(files)) {
    if ('linkTo' in file) archive.entry({ name, type: 'symlink', linkname: file.linkTo });
    else archive.entry({ name, mode: file.mode ?? 0o644 }, file.content);
  }
  archive.finalize();
  return collected(bytes(archive));
}

async function* bytes(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) if (chunk instanceof Uint8Array) yield chunk;
}

/** An image made for a test, with all its blobs. */
export interface SampleImage {
  readonly manifest: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** By digest: config and layers. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  /** Uncompressed layers, lowest first. */
  readonly tars: readonly Uint8Array[];
}

const packers = {
  none: (tar: Uint8Array) => tar,
  gzip: (tar: Uint8Array) => gzipSync(tar),
  zstd: (tar: Uint8Array) => zstdCompressSync(tar),
};

/** An image with one layer for each archive. */
export function sampleImage(
  tars: readonly Uint8Array[],
  { docker = false, compression = 'gzip' as keyof typeof packers, architecture = 'amd64' } = {},
): SampleImage {
  const suffix = compression === 'none' ? '' : `${docker ? '.' : '+'}${compression}`;
  const layerType = `${docker ? mediaTypes.dockerLayer : mediaTypes.ociLayer}${suffix}`;
  const blobs = new Map<string, Uint8Array>();
  const layers = tars.map((tar) => {
    const bytes = packers[compression](tar);
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType: layerType, digest, size: bytes.length };
  });
  const config = jsonBlob(docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig, {
    architecture,
    os: 'linux',
    config: { Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
  });
  blobs.set(config.descriptor.digest, config.bytes);
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const manifest = jsonBlob(mediaType, { schemaVersion: 2, mediaType, config: config.descriptor, layers });
  return { manifest, config: config.descriptor, layers, blobs, tars };
}

/** Archives of one file each, all different. */
export function layerArchives(count: number, size = 100): Promise<Uint8Array[]> {
  const names = Array.from({ length: count }, (_, index) => `file-${index}`);
  return Promise.all(names.map((name) => tarOf({ [name]: { content: name.padEnd(size, '.') } })));
}
