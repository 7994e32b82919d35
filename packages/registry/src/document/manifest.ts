import { FairleadError } from '@fairlead/base';
import { type Descriptor, parseDigest } from './digest.ts';
import { isObject, type JsonObject, parseObject } from './image-config.ts';
import { type Platform, platformDistance, platformText } from './platform.ts';

/** Media types of what registries serve (OCI image spec, `media-types.md`; Docker's image manifest v2, schema 2). */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerPlugin: 'application/vnd.docker.plugin.v1+json',
} as const;

const manifestTypes: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest]);
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerIndex]);

/** What to ask a registry for. */
export const acceptedManifestTypes: readonly string[] = [...manifestTypes, ...indexTypes];

/** An image for one platform. */
export interface ImageManifest {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
}

/** An entry of an index. */
export interface IndexEntry extends Descriptor {
  readonly platform?: Platform | undefined;
}

/** One image for several platforms, or several images of an archive. */
export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly IndexEntry[];
}

/**
 * Read a manifest or an index.
 *
 * @param mediaType what the server said it is; the document's own word goes before it.
 * @param name how the image is called in messages.
 * @throws FairleadError `invalid-argument` for anything else, `not-implemented` for schema 1.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string, name: string): ImageManifest | ImageIndex {
  const document = parseObject(bytes, `invalid manifest for ${name}`);
  if (document['schemaVersion'] === 1) throw schemaOneRemoved(name);
  const type = typeof document['mediaType'] === 'string' ? document['mediaType'] : mediaType.split(';')[0]?.trim();
  const { manifests, layers, config } = document;
  if (Array.isArray(manifests) && (type === undefined || indexTypes.has(type) || !manifestTypes.has(type))) {
    const indexType = known(type, indexTypes, mediaTypes.ociIndex);
    return { kind: 'index', mediaType: indexType, manifests: manifests.map(toEntry) };
  }
  if (!Array.isArray(layers) || !isObject(config)) {
    throw new FairleadError('invalid-argument', `unsupported media type ${type || 'unknown'} of ${name}`);
  }
  const image = { config: toDescriptor(config), layers: layers.map(toDescriptor) };
  requireImageConfig(image.config, name);
  return { kind: 'image', mediaType: known(type, manifestTypes, mediaTypes.ociManifest), ...image };
}

/** A plugin in a registry: an image but for its config. */
export interface PluginManifest {
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
}

/**
 * Read the manifest of a plugin.
 *
 * @returns nothing for what is something else.
 * @throws FairleadError `invalid-argument` for what is no manifest at all.
 */
export function parsePluginManifest(bytes: Uint8Array, name: string): PluginManifest | undefined {
  const { layers, config } = parseObject(bytes, `invalid manifest for ${name}`);
  if (!isObject(config) || config['mediaType'] !== mediaTypes.dockerPlugin || !Array.isArray(layers)) return undefined;
  return { config: toDescriptor(config), layers: layers.map(toDescriptor) };
}

/**
 * The entry of an index that runs best on a platform; the first of equals.
 *
 * @throws FairleadError `not-found` when none runs.
 */
export function chooseManifest(index: ImageIndex, platform: Platform): IndexEntry {
  let best: { entry: IndexEntry; distance: number } | undefined;
  for (const entry of index.manifests) {
    const distance = entry.platform === undefined ? undefined : platformDistance(platform, entry.platform);
    if (distance !== undefined && (best === undefined || distance < best.distance)) best = { entry, distance };
  }
  // An index of one image that does not say what for: nothing to choose, so nothing to refuse.
  const only = index.manifests.length === 1 ? index.manifests[0] : undefined;
  const chosen = best?.entry ?? (only?.platform === undefined ? only : undefined);
  if (chosen !== undefined) return chosen;
  const wanted = platformText(platform);
  throw new FairleadError('not-found', `no matching manifest for ${wanted} in the manifest list entries`);
}

/** Helm charts, signatures and the like have the shape of an image manifest without being an image. */
function requireImageConfig({ mediaType }: Descriptor, name: string): void {
  const accepted: readonly string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig, 'application/octet-stream', ''];
  if (accepted.includes(mediaType)) return;
  if (mediaType === mediaTypes.dockerPlugin) {
    throw new FairleadError(
      'invalid-argument',
      `Encountered remote ${JSON.stringify(mediaType)}(plugin) when fetching`,
    );
  }
  throw new FairleadError('invalid-argument', `unsupported media type ${mediaType} of ${name}`);
}

function known(type: string | undefined, types: ReadonlySet<string>, fallback: string): string {
  return type !== undefined && types.has(type) ? type : fallback;
}

function toEntry(value: unknown): IndexEntry {
  const platform = isObject(value) ? value['platform'] : undefined;
  const entry = toDescriptor(value);
  return isObject(platform) ? { ...entry, platform: toPlatform(platform) } : entry;
}

function toPlatform({ os, architecture, variant }: JsonObject): Platform {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { os: text(os), architecture: text(architecture), variant: text(variant) || undefined };
}

function toDescriptor(value: unknown): Descriptor {
  const { mediaType, digest, size, annotations } = isObject(value) ? value : {};
  if (typeof digest !== 'string' || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new FairleadError('invalid-argument', 'invalid manifest: a descriptor has no digest or size');
  }
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest: parseDigest(digest),
    size,
    ...(isObject(annotations) && { annotations: textValues(annotations) }),
  };
}

function textValues(object: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

function schemaOneRemoved(name: string): FairleadError {
  return new FairleadError(
    'not-implemented',
    'Docker Image manifest version 2, schema 1 support has been removed. ' +
      `Suggest the author of ${name} to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2.`,
  );
}
