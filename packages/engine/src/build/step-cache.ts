import { isNotFound } from '@fairlead/base';
import type { Images } from '../image/image-service.ts';
import type { StepDescription } from '../image/step-images.ts';

/** Where steps are looked for. */
export interface StepCacheOptions {
  readonly noCache: boolean;
  /** Images whose steps may be taken over; without any, all that was built here. */
  readonly cacheFrom: readonly string[];
}

/** Steps that need not be carried out again. After the first one that must be, the rest of the stage is carried out. */
export class StepCache {
  readonly #images: Pick<Images, 'steps' | 'inspect'>;
  readonly #options: StepCacheOptions;
  #isBroken = false;
  #sources: readonly string[] | undefined;

  constructor(images: Pick<Images, 'steps' | 'inspect'>, options: StepCacheOptions) {
    this.#images = images;
    this.#options = options;
  }

  beginStage(): void {
    this.#isBroken = this.#options.noCache;
  }

  /** ID of the image that such a step has made before. */
  async find(step: StepDescription): Promise<string | undefined> {
    if (this.#isBroken) return undefined;
    const { steps } = this.#images;
    const found =
      this.#options.cacheFrom.length === 0
        ? await steps.findChild(step.parentId, step.stepConfig)
        : await this.#findInSources(step);
    this.#isBroken = found === undefined;
    return found;
  }

  async #findInSources(step: StepDescription): Promise<string | undefined> {
    this.#sources ??= await this.#resolveSources();
    for (const source of this.#sources) {
      const found = await this.#images.steps.findStepOf(source, step);
      if (found === undefined) continue;
      // Steps of different images do not belong together.
      this.#sources = [source];
      return found;
    }
    return undefined;
  }

  /** Those that are not here are passed over, as dockerd does. */
  async #resolveSources(): Promise<string[]> {
    const ids: string[] = [];
    for (const name of this.#options.cacheFrom) {
      try {
        ids.push((await this.#images.inspect(name)).id);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    return ids;
  }
}
