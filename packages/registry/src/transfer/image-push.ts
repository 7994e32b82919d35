import { type Descriptor, type Digest, shortDigest } from '../document/digest.ts';
import type { ImageReference } from '../document/image-reference.ts';
import { type BlobArrival, PushRepository } from '../remote/push-repository.ts';
import type { RegistryClientOptions } from '../remote/remote-repository.ts';
import type { BlobContent } from './content-store.ts';
import { type Progress, progressStream, type Report, reported } from './progress.ts';
import type { Document } from './stored-image.ts';

/** An image under one of its tags. */
export interface ImageToPush {
  readonly tag: string;
  readonly manifest: Document;
  readonly config: Descriptor;
  /** Lowest first, each with what it is called in progress lines. */
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffId: Digest }[];
}

/** What to push, and how. */
export interface PushRequest extends RegistryClientOptions {
  /** Registry and repository. */
  readonly reference: ImageReference;
  readonly images: readonly ImageToPush[];
  readonly read: (digest: Digest) => BlobContent;
  /** Another repository of the registry that is known to have had a blob. */
  readonly sourceOf: (digest: Digest) => string | undefined;
  /** How many layers are sent at once; 5 unless given. */
  readonly parallel?: number | undefined;
}

/** Send images to a registry: layers side by side, then config and manifest. Yields Docker's progress lines. */
export function pushImages(request: PushRequest): AsyncGenerator<Progress, void> {
  return progressStream(async (report, left) => {
    const failed = new AbortController();
    const signal = AbortSignal.any([left, failed.signal, ...(request.signal ? [request.signal] : [])]);
    using repository = await PushRepository.connect(request.reference, { ...request, signal });
    for (const image of request.images) await pushImage({ ...request, signal }, repository, image, failed, report);
  });
}

async function pushImage(
  request: PushRequest,
  repository: PushRepository,
  { tag, manifest, config, layers }: ImageToPush,
  failed: AbortController,
  report: Report,
): Promise<void> {
  for (const { diffId } of layers) report({ status: 'Preparing', id: shortDigest(diffId) });
  const parallel = request.parallel ?? 5;
  for (const { diffId } of layers.slice(parallel)) report({ status: 'Waiting', id: shortDigest(diffId) });
  const queue = layers.values();
  const sending = Array.from({ length: Math.min(parallel, layers.length) }, async () => {
    for (const { descriptor, diffId } of queue) await pushLayer(request, repository, descriptor, diffId, report);
  });
  await allOrFirst(sending, failed);
  await repository.put(config, request.read(config.digest), request.sourceOf(config.digest));
  await repository.putManifest(tag, manifest.descriptor, manifest.bytes);
  const { digest, size } = manifest.descriptor;
  report({ status: `${tag}: digest: ${digest} size: ${size}` });
  report({ pushed: { tag, digest, size } });
}

async function pushLayer(
  { read, sourceOf }: PushRequest,
  repository: PushRepository,
  descriptor: Descriptor,
  diffId: Digest,
  report: Report,
): Promise<void> {
  const id = shortDigest(diffId);
  const line = { status: 'Pushing', id, total: descriptor.size };
  const content: BlobContent = (offset) => reported(read(descriptor.digest)(offset), { ...line, offset }, report);
  const source = sourceOf(descriptor.digest);
  const arrival = await repository.put(descriptor, content, source);
  const words: Readonly<Record<BlobArrival, string>> = {
    present: 'Layer already exists',
    mounted: `Mounted from ${source ?? ''}`,
    uploaded: 'Pushed',
  };
  report({ status: words[arrival], id });
}

/** Wait until every step has come to rest, the others stopped by the first that fails. */
async function allOrFirst(steps: readonly Promise<void>[], failed: AbortController): Promise<void> {
  const first = Promise.all(steps);
  first.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled(steps);
  await first;
}
