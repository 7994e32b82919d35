import { applyConfigChanges } from '../document/config-change.ts';
import { type Descriptor, type Digest, emptyLayer, jsonBlob } from '../document/digest.ts';
import type { ImageConfig, ImageRunConfig } from '../document/image-config.ts';
import { type ImageManifest, mediaTypes } from '../document/manifest.ts';
import type { ImageTarget } from './content-store.ts';
import { type StoredImage, storeImage } from './stored-image.ts';

/** How a container runs, as far as an image can say it. */
export interface RunSettings {
  readonly user: string;
  readonly workingDir: string;
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
  /** `80/tcp`. */
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  readonly stopSignal?: string | undefined;
}

/** A container to make an image of. */
export interface CommitRequest {
  /** The image that it was made of. */
  readonly parent: { readonly config: ImageConfig; readonly manifest: ImageManifest };
  /** What the container has written, a blob of the store. */
  readonly layer: Descriptor;
  readonly diffId: Digest;
  readonly settings: RunSettings;
  /** What the request says itself; it goes before the container's. */
  readonly asked: Partial<RunSettings>;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  readonly author: string;
  readonly message: string;
  /** When the image was made. */
  readonly created: Date;
  readonly target: ImageTarget;
}

/** Make an image of a container: its own layer on those of its image. The caller gives it its name. */
export async function commitImage(request: CommitRequest): Promise<StoredImage> {
  const { parent, layer, target } = request;
  const imageConfig = committedConfig(request);
  const isDocker = parent.manifest.mediaType === mediaTypes.dockerManifest;
  const added = isDocker ? { ...layer, mediaType: `${mediaTypes.dockerLayer}.gzip` } : layer;
  const layers = request.diffId === emptyLayer ? parent.manifest.layers : [...parent.manifest.layers, added];
  const config = jsonBlob(isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig, imageConfig);
  const { mediaType } = parent.manifest;
  const manifest = jsonBlob(mediaType, { schemaVersion: 2, mediaType, config: config.descriptor, layers });
  return await storeImage({ manifest, config, layers }, target, () => {});
}

/**
 * The config of the new image: how the container runs unless the request says otherwise, and then the changes.
 *
 * @throws FairleadError `invalid-argument` for a change that is none.
 */
export function committedConfig(request: Omit<CommitRequest, 'target' | 'layer'>): ImageConfig {
  const { parent, diffId, settings, asked, changes, author, message, created } = request;
  const isEmpty = diffId === emptyLayer;
  const time = created.toISOString();
  const step = {
    created: time,
    created_by: (settings.command ?? []).join(' '),
    ...(author && { author }),
    ...(message && { comment: message }),
    ...(isEmpty && { empty_layer: true }),
  };
  // Unlike a build, a commit does not hand on what was said about its parent.
  const { author: _, ...inherited } = parent.config;
  return {
    ...inherited,
    created: time,
    ...(author && { author }),
    config: runConfig(merged(settings, asked), changes),
    rootfs: {
      type: 'layers',
      diff_ids: isEmpty ? parent.config.rootfs.diff_ids : [...parent.config.rootfs.diff_ids, diffId],
    },
    history: [...(parent.config.history ?? []), step],
  };
}

/**
 * What is asked for counts, the container's fills the gaps; variables, ports, volumes and labels add up (moby, runconfig
 * merge).
 */
function merged(settings: RunSettings, asked: Partial<RunSettings>): RunSettings {
  const ownEntrypoint = (asked.entrypoint ?? []).length > 0;
  const command = (asked.command ?? []).length > 0 ? asked.command : undefined;
  return {
    user: asked.user || settings.user,
    workingDir: asked.workingDir || settings.workingDir,
    env: withDefaults(asked.env ?? [], settings.env),
    entrypoint: ownEntrypoint ? (asked.entrypoint ?? null) : settings.entrypoint,
    command: command ?? (ownEntrypoint ? null : settings.command),
    labels: { ...settings.labels, ...asked.labels },
    exposedPorts: [...new Set([...settings.exposedPorts, ...(asked.exposedPorts ?? [])])],
    volumes: [...new Set([...settings.volumes, ...(asked.volumes ?? [])])],
    stopSignal: asked.stopSignal || settings.stopSignal,
  };
}

function withDefaults(asked: readonly string[], defaults: readonly string[]): string[] {
  const name = (variable: string) => variable.split('=', 1)[0];
  const taken = new Set(asked.map(name));
  return [...asked, ...defaults.filter((variable) => !taken.has(name(variable)))];
}

function runConfig(settings: RunSettings, changes: readonly string[]): ImageRunConfig {
  const set = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
  const { user, workingDir, env, entrypoint, command, labels, exposedPorts, volumes, stopSignal } = settings;
  const config: ImageRunConfig = {
    ...(user && { User: user }),
    ...(exposedPorts.length > 0 && { ExposedPorts: set(exposedPorts) }),
    Env: env,
    ...(entrypoint && { Entrypoint: entrypoint }),
    ...(command && { Cmd: command }),
    ...(volumes.length > 0 && { Volumes: set(volumes) }),
    ...(workingDir && { WorkingDir: workingDir }),
    ...(Object.keys(labels).length > 0 && { Labels: labels }),
    ...(stopSignal && { StopSignal: stopSignal }),
  };
  return applyConfigChanges(config, changes);
}
