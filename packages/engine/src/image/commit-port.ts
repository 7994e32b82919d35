import type { RunSettings } from '@fairlead/registry';

/** A container to make an image of. */
export interface CommitOptions {
  /** Name of the image; without it the image has only its ID. */
  readonly repository?: string;
  readonly tag?: string;
  readonly author: string;
  readonly message: string;
  /** Freeze the container meanwhile, so that its files belong together. */
  readonly pause: boolean;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  /** How the image runs, where that is not how the container does. */
  readonly config: Partial<RunSettings>;
}
