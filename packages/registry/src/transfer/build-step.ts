import { type Descriptor, type Digest, emptyLayer, jsonBlob } from '../document/digest.ts';
import type { HealthcheckConfig, ImageConfig, ImageRunConfig } from '../document/image-config.ts';
import { type ImageManifest, mediaTypes } from '../document/manifest.ts';
import type { Platform } from '../document/platform.ts';
import type { ImageTarget } from './content-store.ts';
import { type StoredImage, storeImage } from './stored-image.ts';

/** A layer that a step has made. */
export interface StepLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** One step of a build, carried out. */
export interface BuildStep {
  /** The image before it; `undefined` for the first one of `FROM scratch`. */
  readonly parent: { readonly id: string; readonly config: ImageConfig; readonly manifest: ImageManifest } | undefined;
  readonly platform: Platform;
  /** How containers of the image run. */
  readonly config: ImageRunConfig;
  /** How the step's own container ran: what the cache goes by. Its command is what the history shows. */
  readonly stepConfig: ImageRunConfig;
  /** '' for a step without a container. */
  readonly containerId: string;
  readonly author: string;
  readonly created: Date;
  /** `undefined` for a step that only changes how containers run. */
  readonly layer: StepLayer | undefined;
}

/**
 * The config of a step's image (moby, image.NewChildImage). Docker's `container_config` stays in it: with the ID of the
 * parent it is all that the cache needs.
 */
export function stepImageConfig(step: BuildStep): ImageConfig {
  const { parent, platform, config, stepConfig, containerId, author, created } = step;
  const diffId = addedDiffId(step);
  const time = created.toISOString();
  const image = parent === undefined ? {} : { Image: parent.id };
  const entry = {
    created: time,
    ...(author !== '' && { author }),
    created_by: (stepConfig.Cmd ?? []).join(' '),
    ...(diffId === undefined && { empty_layer: true }),
  };
  return {
    architecture: parent?.config.architecture || platform.architecture,
    ...variantOf(parent?.config.variant ?? platform.variant),
    os: parent?.config.os || platform.os,
    ...(parent?.config['os.version'] !== undefined && { 'os.version': parent.config['os.version'] }),
    created: time,
    ...(author !== '' && { author }),
    config: { ...config, ...image },
    ...(containerId !== '' && { container: containerId }),
    container_config: { ...stepConfig, ...image, ...(containerId !== '' && { Hostname: containerId.slice(0, 12) }) },
    rootfs: {
      type: 'layers',
      diff_ids: [...(parent?.config.rootfs.diff_ids ?? []), ...(diffId === undefined ? [] : [diffId])],
    },
    history: [...(parent?.config.history ?? []), entry],
  };
}

/** Put the image of a step into the store; its layer is there already. The caller gives it its name. */
export async function storeBuildStep(step: BuildStep, target: ImageTarget): Promise<StoredImage> {
  const { parent, layer } = step;
  const isDocker = parent?.manifest.mediaType === mediaTypes.dockerManifest;
  const mediaType = isDocker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const below = parent?.manifest.layers ?? [];
  const layers = layer === undefined || addedDiffId(step) === undefined ? below : [...below, inFormat(layer, isDocker)];
  const config = jsonBlob(isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig, stepImageConfig(step));
  const manifest = jsonBlob(mediaType, { schemaVersion: 2, mediaType, config: config.descriptor, layers });
  return await storeImage({ manifest, config, layers }, target, () => {});
}

/** A layer without files is left out. */
function addedDiffId({ layer }: BuildStep): Digest | undefined {
  return layer === undefined || layer.diffId === emptyLayer ? undefined : layer.diffId;
}

function inFormat({ descriptor }: StepLayer, isDocker: boolean): Descriptor {
  return isDocker ? { ...descriptor, mediaType: `${mediaTypes.dockerLayer}.gzip` } : descriptor;
}

function variantOf(variant: string | undefined): { variant?: string } {
  return variant === undefined ? {} : { variant };
}

/**
 * True when two steps do the same to the same image (moby, image/cache/compare.go): all that says how their containers
 * run is equal, and where order says something, so is that.
 */
export function isSameStep(a: ImageRunConfig, b: ImageRunConfig): boolean {
  return stepKey(a) === stepKey(b);
}

function stepKey(config: ImageRunConfig): string {
  const { Healthcheck: check } = config;
  return JSON.stringify([
    [config.Env, config.Cmd, config.Entrypoint, config.Shell, config.OnBuild].map((list) => list ?? []),
    [config.ExposedPorts, config.Volumes].map((set) => Object.keys(set ?? {}).toSorted()),
    Object.entries(config.Labels ?? {}).toSorted(([x], [y]) => (x < y ? -1 : 1)),
    [config.User, config.WorkingDir, config.StopSignal].map((text) => text ?? ''),
    check === undefined ? null : checkKey(check),
  ]);
}

function checkKey(check: HealthcheckConfig) {
  const times = [check.Interval, check.Timeout, check.StartPeriod, check.StartInterval, check.Retries];
  return [check.Test ?? [], times.map((time) => time ?? 0)];
}
