import { FairleadError } from '@fairlead/base';
import { type Digest, parseDigest } from './digest.ts';

/** How to find out whether a container is well. Durations are nanoseconds. */
export interface HealthcheckConfig {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/**
 * What a container of the image runs when the user says nothing else: the `config` object of an image config, with
 * the names that it has there (OCI image spec, `config.md`, and Docker's additions to it).
 */
export interface ImageRunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>> | null;
  /** `NAME=value`. */
  readonly Env?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: Readonly<Record<string, Record<string, never>>> | null;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly StopSignal?: string;
  readonly Healthcheck?: HealthcheckConfig;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[] | null;
  /** ID of the image that a build step began with. */
  readonly Image?: string;
  /** Of the container that made it. */
  readonly Hostname?: string;
  /** Windows only; kept so that a config survives being read and written. */
  readonly ArgsEscaped?: boolean;
}

/** One step of an image's making. */
export interface ImageHistoryEntry {
  /** RFC 3339. */
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  /** True when the step made no layer. */
  readonly empty_layer?: boolean;
}

/** An image config blob; its digest is the image ID. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly config?: ImageRunConfig;
  /** Docker's own: the container that a build step or a commit made the image of. */
  readonly container?: string;
  /** How that container ran. */
  readonly container_config?: ImageRunConfig;
  readonly rootfs: {
    readonly type: 'layers';
    /** Digests of the uncompressed layers, lowest first. */
    readonly diff_ids: readonly Digest[];
  };
  readonly history?: readonly ImageHistoryEntry[];
}

/**
 * Read an image config and check what everything else relies on.
 *
 * @throws FairleadError `invalid-argument` when it is no image config.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const document = parseObject(bytes, 'invalid image configuration');
  const rootfs = document['rootfs'];
  const diffIds = isObject(rootfs) ? rootfs['diff_ids'] : undefined;
  if (!isTextList(diffIds)) throw new FairleadError('invalid-argument', 'invalid image configuration: no rootfs');
  const { architecture, os } = document;
  return {
    ...document,
    architecture: typeof architecture === 'string' ? architecture : '',
    os: typeof os === 'string' ? os : '',
    rootfs: { type: 'layers', diff_ids: diffIds.map(parseDigest) },
  };
}

/** A JSON object, its values not looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parse bytes that have to hold a JSON object.
 *
 * @throws FairleadError `invalid-argument` with `problem` in front.
 */
export function parseObject(bytes: Uint8Array | string, problem: string): JsonObject {
  try {
    const document: unknown = JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8'));
    if (isObject(document)) return document;
  } catch (error) {
    throw new FairleadError('invalid-argument', `${problem}: not JSON`, { cause: error });
  }
  throw new FairleadError('invalid-argument', `${problem}: not a JSON object`);
}

/** True for a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a list of strings. */
export function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
