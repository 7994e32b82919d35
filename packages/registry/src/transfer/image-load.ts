import { FairleadError, isNotFound } from '@fairlead/base';
import { type Descriptor, type Digest, jsonBlob } from '../document/digest.ts';
import { isObject, isTextList } from '../document/image-config.ts';
import {
  canonicalText,
  familiarText,
  type ImageReference,
  parseImageReference,
  withDefaultTag,
} from '../document/image-reference.ts';
import { chooseManifest, type ImageManifest, mediaTypes, parseManifest } from '../document/manifest.ts';
import { hostPlatform, type Platform, platformDistance, platformText } from '../document/platform.ts';
import { bytesContent, type ImageTarget, indexLabels } from './content-store.ts';
import { fromFirstFormat } from './first-image-format.ts';
import { archivedDocument, type ImageArchive, layoutPath, readImageArchive } from './image-archive.ts';
import { type Progress, progressStream, type Report } from './progress.ts';
import { type Document, type StoredImage, storeImage } from './stored-image.ts';

/** One image of an archive, with the names that the archive gives it. */
export interface LoadedImage extends StoredImage {
  readonly names: readonly ImageReference[];
}

/** What to load and where to. */
export interface LoadRequest {
  readonly archive: AsyncIterable<Uint8Array>;
  /** Only images for this one, where the archive has others as well; absent means all, and of an index that for this host. */
  readonly platform?: Platform | undefined;
  readonly target: ImageTarget;
}

/**
 * Load the images of a `docker save` archive or of an OCI image layout.
 *
 * Yields Docker's progress lines and returns the images. The caller gives them their names.
 *
 * @throws FairleadError `invalid-argument` for what is no such archive, `not-found` when it has no image for the platform.
 */
export function loadImages(request: LoadRequest): AsyncGenerator<Progress, readonly LoadedImage[]> {
  return progressStream((report) => load(request, report));
}

async function load({ archive, platform, target }: LoadRequest, report: Report): Promise<readonly LoadedImage[]> {
  const given = await readImageArchive(archive, target.content);
  const isDescribed = given.documents.has('manifest.json') || given.documents.has('index.json');
  const files = (isDescribed ? undefined : fromFirstFormat(given)) ?? given;
  const legacy = await legacyEntries(files, target);
  const images = files.documents.has('index.json')
    ? await loadLayout(files, legacy, platform, target, report)
    : await loadLegacy(files, legacy, platform, target, report);
  if (platform !== undefined && images.length === 0) {
    throw new FairleadError('not-found', `no images providing the requested platform ${platformText(platform)} found`);
  }
  for (const { names, config } of images) {
    for (const name of names) report({ stream: `Loaded image: ${familiarText(name)}\n` });
    if (names.length === 0) report({ stream: `Loaded image ID: ${config.digest}\n` });
  }
  return images;
}

/** An entry of `manifest.json`, by which `docker save` tells what is in the archive. */
interface LegacyEntry {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

async function legacyEntries(files: ImageArchive, { content }: ImageTarget): Promise<LegacyEntry[]> {
  if (!files.documents.has('manifest.json')) {
    if (files.documents.has('index.json')) return [];
    throw new FairleadError('invalid-argument', 'invalid archive: does not contain a Docker or OCI image');
  }
  const { bytes } = await archivedDocument(files, 'manifest.json', content);
  const list: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return (Array.isArray(list) ? list : []).map((entry) => {
    const { Config: config, RepoTags: tags, Layers: layers } = isObject(entry) ? entry : {};
    if (typeof config !== 'string' || !isTextList(layers)) {
      const message = 'invalid archive: manifest.json has an entry without config or layers';
      throw new FairleadError('invalid-argument', message);
    }
    return { config, layers, tags: isTextList(tags) ? tags : [] };
  });
}

async function loadLegacy(
  files: ImageArchive,
  entries: readonly LegacyEntry[],
  platform: Platform | undefined,
  target: ImageTarget,
  report: Report,
): Promise<LoadedImage[]> {
  const images: LoadedImage[] = [];
  for (const entry of entries) {
    const { bytes, digest, size } = await archivedDocument(files, entry.config, target.content);
    if (!isFor(platform, bytes)) continue;
    const config = { descriptor: { mediaType: mediaTypes.dockerConfig, digest, size }, bytes };
    const layers = entry.layers.map((path) => legacyLayer(files, path));
    const mediaType = mediaTypes.dockerManifest;
    const manifest = jsonBlob(mediaType, { schemaVersion: 2, mediaType, config: config.descriptor, layers });
    const stored = await storeImage({ manifest, config, layers }, target, report);
    images.push({ ...stored, names: parseNames(entry.tags) });
  }
  return images;
}

/** `docker save` writes layers uncompressed, but other tools write such archives too. */
function legacyLayer(files: ImageArchive, path: string): Descriptor {
  const blob = files.blobs.get(path);
  if (blob === undefined) throw new FairleadError('invalid-argument', `invalid archive: it does not hold "${path}"`);
  const { compression, digest, size } = blob;
  const mediaType = compression === 'none' ? mediaTypes.dockerLayer : `${mediaTypes.dockerLayer}.${compression}`;
  return { mediaType, digest, size };
}

async function loadLayout(
  files: ImageArchive,
  legacy: readonly LegacyEntry[],
  platform: Platform | undefined,
  target: ImageTarget,
  report: Report,
): Promise<LoadedImage[]> {
  const { bytes } = await archivedDocument(files, 'index.json', target.content);
  const top = parseManifest(bytes, mediaTypes.ociIndex, 'index.json');
  if (top.kind !== 'index') throw new FairleadError('invalid-argument', 'invalid archive: index.json is no index');
  const images = new Map<Digest, LoadedImage>();
  for (const entry of top.manifests) {
    const found = await layoutManifest(files, entry, platform, target);
    if (found === undefined) continue;
    const { manifest, image, indexes } = found;
    const { bytes } = await archivedDocument(files, layoutPath(image.config.digest), target.content);
    if (!isFor(platform, bytes)) continue;
    const config = { descriptor: image.config, bytes };
    const stored = await storeImage({ manifest, config, layers: image.layers }, target, report);
    for (const { descriptor, bytes, children } of indexes.toReversed()) {
      await target.content.write(descriptor, bytesContent(bytes), indexLabels(children));
    }
    const tags = legacy.find(({ config: path }) => path === layoutPath(image.config.digest))?.tags ?? [];
    const names = parseNames([...annotatedNames(entry), ...tags], images.get(entry.digest)?.names);
    images.set(entry.digest, { ...stored, descriptor: indexes[0]?.descriptor ?? manifest.descriptor, names });
  }
  return [...images.values()];
}

interface ArchivedIndex extends Document {
  readonly children: readonly Descriptor[];
}

/** An image in a layout, with the indexes that lead to it. */
interface LayoutImage {
  readonly manifest: Document;
  readonly image: ImageManifest;
  readonly indexes: readonly ArchivedIndex[];
}

/**
 * From an entry of `index.json` down to the image for a platform, noting the indexes on the way.
 *
 * @returns `undefined` when it has none for the platform that was asked for: another entry may.
 */
async function layoutManifest(
  files: ImageArchive,
  entry: Descriptor,
  platform: Platform | undefined,
  { content }: ImageTarget,
): Promise<LayoutImage | undefined> {
  const indexes: ArchivedIndex[] = [];
  let { mediaType, digest, size } = entry;
  for (let depth = 0; depth < 4; depth++) {
    const { bytes } = await archivedDocument(files, layoutPath(digest), content);
    const parsed = parseManifest(bytes, mediaType, digest);
    const descriptor = { mediaType: parsed.mediaType, digest, size };
    if (parsed.kind === 'image') return { manifest: { descriptor, bytes }, image: parsed, indexes };
    indexes.push({ descriptor, bytes, children: parsed.manifests });
    // An archive may hold only some of the platforms that its index lists.
    const held = parsed.manifests.filter((child) => files.blobs.has(layoutPath(child.digest)));
    try {
      ({ mediaType, digest, size } = chooseManifest({ ...parsed, manifests: held }, platform ?? hostPlatform()));
    } catch (error) {
      if (platform !== undefined && isNotFound(error)) return undefined;
      throw error;
    }
  }
  throw new FairleadError('invalid-argument', 'invalid archive: indexes are nested too deeply');
}

/** True for the config of an image for just that platform, or when none was asked for. */
function isFor(platform: Platform | undefined, config: Uint8Array): boolean {
  if (platform === undefined) return true;
  const parsed: unknown = JSON.parse(Buffer.from(config).toString('utf8'));
  const { os, architecture, variant } = isObject(parsed) ? parsed : {};
  if (typeof os !== 'string' || typeof architecture !== 'string') return false;
  return platformDistance(platform, { os, architecture, ...(typeof variant === 'string' && { variant }) }) === 0;
}

/** containerd and Docker write the whole name; others only a tag or also the whole name in the OCI annotation. */
function annotatedNames({ annotations = {} }: Descriptor): string[] {
  const whole = annotations['io.containerd.image.name'];
  if (whole !== undefined) return [whole];
  const reference = annotations['org.opencontainers.image.ref.name'];
  return reference !== undefined && /[:/]/.test(reference) ? [reference] : [];
}

function parseNames(texts: readonly string[], more: readonly ImageReference[] = []): ImageReference[] {
  const names = [...more, ...texts.map((text) => withDefaultTag(parseImageReference(text)))];
  return [...new Map(names.map((name) => [canonicalText(name), name])).values()];
}
