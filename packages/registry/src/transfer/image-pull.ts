import { FairleadError } from '@fairlead/base';
import { chainIds, type Descriptor, type Digest, shortDigest } from '../document/digest.ts';
import { type ImageConfig, parseImageConfig } from '../document/image-config.ts';
import { canonicalText, familiarText, type ImageReference, withDefaultTag } from '../document/image-reference.ts';
import { chooseManifest, type ImageIndex, type ImageManifest, parseManifest } from '../document/manifest.ts';
import { hostPlatform, type Platform } from '../document/platform.ts';
import { DownloadPace } from '../remote/download-pace.ts';
import {
  type FetchedManifest,
  openImage,
  type RegistryClientOptions,
  type RemoteRepository,
} from '../remote/remote-repository.ts';
import {
  bytesContent,
  type ImageTarget,
  indexLabels,
  layerLabels,
  manifestLabels,
  type UnpackRequest,
  unpackRequests,
} from './content-store.ts';
import { type Progress, progressStream, type Report, reported } from './progress.ts';
import type { StoredImage } from './stored-image.ts';

/** What to pull, how, and where to. */
export interface PullRequest extends RegistryClientOptions {
  readonly reference: ImageReference;
  readonly platform?: Platform | undefined;
  /** What the reference names on this host now. */
  readonly current?: Digest | undefined;
  readonly target: ImageTarget;
  /** How many layers are fetched at once; 3 unless given. */
  readonly parallel?: number | undefined;
}

/** A config is small; what is larger is no config. */
const maximumConfig = 16 * 1024 * 1024;
/** Bytes of a lowest layer from which on it is worth while to see how fast it comes. */
const LARGE = 16 * 1024 * 1024;

/** An image that was pulled. */
export interface PulledImage extends StoredImage {
  /** The reference has named something else on this host until now, or nothing. */
  readonly isNew: boolean;
}

/** The line with which a pull ends, once there is a name for what was pulled; one for all tags of a repository. */
export function pullStatus(reference: ImageReference, isNew: boolean): Progress {
  const outcome = isNew ? 'Downloaded newer image' : 'Image is up to date';
  return { status: `Status: ${outcome} for ${familiarText(reference)}` };
}

/**
 * Pull an image: its layers are fetched side by side and unpacked in order, overlapping.
 *
 * Yields Docker's progress lines but for {@link pullStatus} and returns the image. Leaving the stream early stops the work.
 */
export function pullImage(request: PullRequest): AsyncGenerator<Progress, PulledImage> {
  return progressStream((report, left) => {
    // Raised by the first layer that fails, so that no other one goes on for nothing.
    const failed = new AbortController();
    const signal = AbortSignal.any([left, failed.signal, ...(request.signal ? [request.signal] : [])]);
    const reference = withDefaultTag(request.reference);
    return pull({ ...request, reference, signal }, failed, report);
  });
}

async function pull(request: PullRequest, failed: AbortController, report: Report): Promise<PulledImage> {
  const { reference, target, current } = request;
  const { repository, manifest: named } = await openImage(reference, request);
  using _ = repository;
  const id = reference.digest === undefined ? (reference.tag ?? '') : canonicalText(reference);
  report({ status: `Pulling from ${reference.path}`, id });
  const chosen = await chooseImage(repository, named, request);
  const isHere = await target.content.has(chosen.image.config.digest);
  const config = await readConfig(repository, chosen.image.config, target);
  const chain = chainIds(config.rootfs.diff_ids);
  const requests = unpackRequests(chosen.image.layers, config.rootfs.diff_ids, chain);
  const top = chain.at(-1);
  const known = current === named.descriptor.digest && (top === undefined || (await target.unpacker.has(top)));
  if (!known) await fetchAndUnpack(repository, requests, { ...request, isHere }, failed, report);
  await writeDocuments(named, chosen, config, top, target);
  report({ status: `Digest: ${named.descriptor.digest}` });
  return {
    isNew: !known,
    descriptor: chosen.named,
    manifest: chosen.manifest,
    config: chosen.image.config,
    layers: chosen.image.layers,
    chainId: top,
    imageConfig: config.document,
  };
}

interface ChosenImage {
  /** With its media type made sure of. */
  readonly named: Descriptor;
  readonly index: ImageIndex | undefined;
  readonly manifest: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly image: ImageManifest;
}

async function chooseImage(
  repository: RemoteRepository,
  named: FetchedManifest,
  { reference, platform = hostPlatform() }: PullRequest,
): Promise<ChosenImage> {
  const name = familiarText(reference);
  let index: ImageIndex | undefined;
  let fetched = named;
  // An index may hold indexes, but a chain of them is a mistake or an attack.
  for (let depth = 0; depth < 4; depth++) {
    const parsed = parseManifest(fetched.bytes, fetched.descriptor.mediaType, name);
    const manifest = { ...fetched.descriptor, mediaType: parsed.mediaType };
    const top = { ...named.descriptor, mediaType: index?.mediaType ?? parsed.mediaType };
    if (parsed.kind === 'image') return { named: top, index, manifest, manifestBytes: fetched.bytes, image: parsed };
    index ??= parsed;
    fetched = await repository.manifest(chooseManifest(parsed, platform).digest);
  }
  throw new FairleadError('invalid-argument', `invalid manifest for ${name}: indexes are nested too deeply`);
}

interface ReadConfig {
  readonly document: ImageConfig;
  readonly rootfs: ImageConfig['rootfs'];
  readonly bytes: Uint8Array;
}

async function readConfig(repository: RemoteRepository, config: Descriptor, target: ImageTarget): Promise<ReadConfig> {
  const bytes = (await target.content.has(config.digest))
    ? await target.content.read(config.digest)
    : await repository.read(config, maximumConfig);
  const document = parseImageConfig(bytes);
  return { document, rootfs: document.rootfs, bytes };
}

/** Children before parents, so that there is never a manifest without what it names. */
async function writeDocuments(
  named: FetchedManifest,
  chosen: ChosenImage,
  config: ReadConfig,
  top: Digest | undefined,
  { content, unpacker }: ImageTarget,
): Promise<void> {
  const { image, manifest, manifestBytes, index } = chosen;
  await content.write(image.config, bytesContent(config.bytes), top === undefined ? {} : unpacker.labels(top));
  await content.write(manifest, bytesContent(manifestBytes), manifestLabels(image.config, image.layers));
  if (index !== undefined) await content.write(chosen.named, bytesContent(named.bytes), indexLabels(index.manifests));
}

async function fetchAndUnpack(
  repository: RemoteRepository,
  requests: readonly UnpackRequest[],
  { target, parallel = 3, signal, isHere }: PullRequest & { readonly isHere: boolean },
  failed: AbortController,
  report: Report,
): Promise<void> {
  const present = await presentLayers(requests, target);
  // As with Docker nothing is said of an image that is here under another name.
  if (isHere && present === requests.length) return;
  announce(requests, present, parallel, report);
  const missing = requests.slice(present).map((request) => ({ request, arrived: Promise.withResolvers<void>() }));
  const queue = missing.values();
  const pace = new DownloadPace();
  const isLarge = (missing[0]?.request.descriptor.size ?? 0) >= LARGE;
  const fetching = Array.from({ length: Math.min(parallel, missing.length) }, async (_, number) => {
    // Unpacking begins with the lowest layer: where it arrives quickly, others would only keep it back.
    if (number > 0 && isLarge) await pace.untilSlow(signal);
    for (const { request, arrived } of queue) {
      signal?.throwIfAborted();
      await fetchLayer(repository, request, target, pace, report);
      arrived.resolve();
    }
  });
  const unpacking = unpackInOrder(missing, target, report);
  const abandon = (error: unknown) => {
    failed.abort(error);
    for (const { arrived } of missing) arrived.reject(error);
  };
  for (const { arrived } of missing) arrived.promise.catch(() => {});
  for (const step of [...fetching, unpacking]) step.catch(abandon);
  await allOrFirstError([...fetching, unpacking]);
}

function announce(requests: readonly UnpackRequest[], present: number, parallel: number, report: Report): void {
  const ids = requests.map(({ descriptor }) => shortDigest(descriptor.digest));
  ids.forEach((id, index) => report({ status: index < present ? 'Already exists' : 'Pulling fs layer', id }));
  for (const id of ids.slice(present + parallel)) report({ status: 'Waiting', id });
}

/** Wait until every step has come to rest, then throw what the first failed one threw. */
async function allOrFirstError(steps: readonly Promise<void>[]): Promise<void> {
  const first = Promise.all(steps);
  first.catch(() => {});
  await Promise.allSettled(steps);
  await first;
}

/** How many layers from the bottom are there, blob and snapshot. */
async function presentLayers(requests: readonly UnpackRequest[], { content, unpacker }: ImageTarget): Promise<number> {
  for (const [index, { descriptor, chainId }] of requests.entries()) {
    if (!(await content.has(descriptor.digest)) || !(await unpacker.has(chainId))) return index;
  }
  return requests.length;
}

async function fetchLayer(
  repository: RemoteRepository,
  { descriptor, diffId }: UnpackRequest,
  { content }: ImageTarget,
  pace: DownloadPace,
  report: Report,
): Promise<void> {
  const id = shortDigest(descriptor.digest);
  if (!(await content.has(descriptor.digest))) {
    const onRetry = (milliseconds: number) => {
      const seconds = Math.ceil(milliseconds / 1000);
      report({ status: `Retrying in ${seconds} second${seconds === 1 ? '' : 's'}`, id });
    };
    const line = { status: 'Downloading', id, total: descriptor.size };
    const blob = (offset: number) =>
      reported(pace.counted(repository.blob(descriptor, { offset, onRetry })), { ...line, offset }, report);
    await content.write(descriptor, blob, layerLabels(diffId));
    report({ status: 'Verifying Checksum', id });
  }
  report({ status: 'Download complete', id });
}

async function unpackInOrder(
  layers: readonly { readonly request: UnpackRequest; readonly arrived: { readonly promise: Promise<void> } }[],
  { unpacker }: ImageTarget,
  report: Report,
): Promise<void> {
  for (const { request, arrived } of layers) {
    await arrived.promise;
    const { size: total, digest } = request.descriptor;
    const id = shortDigest(digest);
    report({ status: 'Extracting', id, current: 0, total });
    await unpacker.unpack(request);
    report({ status: 'Extracting', id, current: total, total });
    report({ status: 'Pull complete', id });
  }
}
