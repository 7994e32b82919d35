import type { Image } from '../model.ts';
import type { Progress, RegistryAuth } from '../progress-port.ts';

/** What a removal did to images. */
export type ImageRemoval =
  | { readonly untagged: string }
  /** `size` is the bytes that came free, for a layer. */
  | { readonly deleted: string; readonly size?: number };

/** One step of an image's making, newest first, as `docker history` lists them. */
export interface ImageHistoryLine {
  /** ID of the image that the step made; `<missing>` when that is not here. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly createdBy: string;
  /** Bytes of the step's layer. */
  readonly size: number;
  readonly comment: string;
  readonly tags: readonly string[];
}

/** How to fetch an image from its registry. */
export interface PullOptions {
  /** `linux/arm64` and the like; absent means the host's. */
  readonly platform?: string;
  readonly auth?: RegistryAuth;
  readonly signal?: AbortSignal;
}

/** How to send an image to its registry. */
export interface PushOptions {
  /** Absent means all that the repository has. */
  readonly tag?: string;
  readonly auth?: RegistryAuth;
  readonly signal?: AbortSignal;
}

/** What of an archive of images is taken, and what is told meanwhile. */
export interface LoadOptions {
  /** Only that images were loaded, nothing of how far it has come. */
  readonly quiet: boolean;
  /** The only one whose images are taken: `linux/arm64`. */
  readonly platform?: string;
}

/** What becomes of an archive of files that is imported as an image. */
export interface ImportOptions {
  /** Absent leaves the image without a name. */
  readonly repository?: string;
  readonly tag?: string;
  readonly message?: string;
  /** Instructions of a Dockerfile, `CMD ["/bin/sh"]`. */
  readonly changes: readonly string[];
  readonly platform?: string;
}

/** Images: local ones, and those of registries. */
export interface ImageService {
  list(): Promise<readonly Image[]>;
  /** Bytes of all layers, each counted once. */
  layersSize(): Promise<number>;
  inspect(reference: string): Promise<Image>;
  history(reference: string): Promise<readonly ImageHistoryLine[]>;
  tag(source: string, repository: string, tag: string): Promise<void>;
  remove(
    reference: string,
    options: { readonly force: boolean; readonly prune: boolean },
  ): Promise<readonly ImageRemoval[]>;
  pull(reference: string, options: PullOptions): AsyncIterable<Progress>;
  /** An archive that {@link load} takes. @throws FairleadError `not-found`, before it begins. */
  save(references: readonly string[]): Promise<AsyncIterable<Uint8Array>>;
  /** Send an image to its registry: the tag that is given, or all that the repository has. */
  push(repository: string, options: PushOptions): AsyncIterable<Progress>;
  load(archive: AsyncIterable<Uint8Array>, options: LoadOptions): AsyncIterable<Progress>;
  import(archive: AsyncIterable<Uint8Array>, options: ImportOptions): AsyncIterable<Progress>;
}
