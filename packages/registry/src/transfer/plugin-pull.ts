import { FairleadError, withPrefix } from '@fairlead/base';
import { type Descriptor, type Digest, shortDigest } from '../document/digest.ts';
import { canonicalText, familiarName, type ImageReference } from '../document/image-reference.ts';
import { type PluginManifest, parsePluginManifest } from '../document/manifest.ts';
import { openImage, type RegistryClientOptions, type RemoteRepository } from '../remote/remote-repository.ts';
import { bytesContent, type ContentStore } from './content-store.ts';
import { type Progress, progressStream, type Report, reported } from './progress.ts';

/** Which plugin to pull, and where to. */
export interface PluginPullRequest extends RegistryClientOptions {
  readonly reference: ImageReference;
  readonly content: Pick<ContentStore, 'has' | 'write'>;
  /** Told of the config before any layer is fetched. @throws what stops the pull. */
  readonly accept: (config: Uint8Array) => void;
  /** Unpack a layer that is in the store, on those before it. */
  readonly unpack: (layer: Descriptor) => Promise<void>;
}

/** A plugin that was pulled. */
export interface PulledPlugin {
  readonly manifest: Digest;
  readonly config: Digest;
  readonly layers: readonly Digest[];
  readonly configBytes: Uint8Array;
}

/** A config is small; what is larger is no config. */
const maximumConfig = 4 * 1024 * 1024;

/**
 * Pull a plugin: its config, then its layers, each unpacked when it has come. Yields Docker's progress lines. Leaving the
 * stream early stops the work.
 *
 * @throws FairleadError in the registry's words, or Docker's for what is no plugin.
 */
export function pullPlugin(request: PluginPullRequest): AsyncGenerator<Progress, PulledPlugin> {
  return progressStream(async (report, left) => {
    const signal = AbortSignal.any([left, ...(request.signal ? [request.signal] : [])]);
    return await pull({ ...request, signal }, report);
  });
}

/**
 * What a plugin of a registry says of itself.
 *
 * @returns nothing for what is no plugin.
 * @throws FairleadError in the registry's words.
 */
export async function fetchPluginConfig(
  reference: ImageReference,
  options: RegistryClientOptions,
): Promise<Uint8Array | undefined> {
  const { repository, manifest } = await openImage(reference, { ...options, holds: 'plugin' });
  using _ = repository;
  const plugin = parsePluginManifest(manifest.bytes, canonicalText(reference));
  return plugin && (await repository.read(plugin.config, maximumConfig));
}

async function pull(request: PluginPullRequest, report: Report): Promise<PulledPlugin> {
  const { reference, content, accept } = request;
  const { repository, manifest } = await openImage(reference, { ...request, holds: 'plugin' }).catch((error) => {
    throw withPrefix('error resolving plugin reference: ', error);
  });
  using _ = repository;
  report({ status: `Pulling from ${familiarName(reference)}`, id: reference.tag ?? canonicalText(reference) });
  report({ status: `Digest: ${manifest.descriptor.digest}` });
  const plugin = parsePluginManifest(manifest.bytes, canonicalText(reference));
  if (plugin === undefined) {
    throw new FairleadError('internal', 'fetched plugin image but plugin config is missing');
  }
  const configBytes = await repository.read(plugin.config, maximumConfig);
  accept(configBytes);
  await fetchLayers(repository, plugin, request, report);
  await content.write(plugin.config, bytesContent(configBytes), {});
  await content.write(manifest.descriptor, bytesContent(manifest.bytes), {});
  const layers = plugin.layers.map(({ digest }) => digest);
  return { manifest: manifest.descriptor.digest, config: plugin.config.digest, layers, configBytes };
}

async function fetchLayers(
  repository: RemoteRepository,
  { layers }: PluginManifest,
  { content, unpack, signal }: PluginPullRequest,
  report: Report,
): Promise<void> {
  for (const { digest } of layers) report({ status: 'Waiting', id: shortDigest(digest) });
  for (const layer of layers) {
    signal?.throwIfAborted();
    const id = shortDigest(layer.digest);
    if (await content.has(layer.digest)) report({ status: 'Already exists', id });
    else await fetchLayer(repository, layer, content, report);
    report({ status: 'Extracting', id, current: 0, total: layer.size });
    await unpack(layer);
    report({ status: 'Complete', id });
  }
}

async function fetchLayer(
  repository: RemoteRepository,
  layer: Descriptor,
  content: PluginPullRequest['content'],
  report: Report,
): Promise<void> {
  const id = shortDigest(layer.digest);
  const line = { status: 'Downloading', id, total: layer.size };
  await content.write(layer, (offset) => reported(repository.blob(layer, { offset }), { ...line, offset }, report), {});
  report({ status: 'Download complete', id });
}
