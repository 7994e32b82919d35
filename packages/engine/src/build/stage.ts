import { type BuildArguments, type Variables, variablesOf } from '@fairlead/dockerfile';
import type { ImageRunConfig, RunConfigDraft } from '@fairlead/registry';

/** A stage at some point of its build. */
export interface StageState {
  /** ID of the image so far; '' for `FROM scratch` before its first step. */
  readonly imageId: string;
  readonly draft: RunConfigDraft;
  readonly author: string;
}

/** What commands are looked for in unless the image says it (moby, pkg/system DefaultPathEnv). */
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A stage's configuration at its beginning. */
export function withDefaultPath(config: ImageRunConfig): ImageRunConfig {
  const env = config.Env ?? [];
  return variablesOf(env).has('PATH') ? config : { ...config, Env: [...env, defaultPath] };
}

/** Variables that instructions see: those of the image go before arguments. */
export function stageVariables({ draft }: StageState, { values }: BuildArguments): Variables {
  return new Map([...values, ...variablesOf(draft.config.Env ?? [])]);
}

/** How the container of a `RUN` is called, and what is recorded of it. */
export interface RunPlan {
  readonly words: readonly string[];
  /** `NAME=value`, besides the image's. */
  readonly env: readonly string[];
  /** What the cache and the history go by. */
  readonly stepConfig: ImageRunConfig;
}

/**
 * How a command is run in a stage. Arguments are part of its name for the cache, `|1 A=b /bin/sh -c ...`, but for those
 * that are never recorded (moby, builder/dockerfile prependEnvOnCmd).
 */
export function planRun(config: ImageRunConfig, words: readonly string[], buildArguments: BuildArguments): RunPlan {
  const own = variablesOf(config.Env ?? []);
  const added = [...buildArguments.values].filter(([name]) => !own.has(name));
  const recorded = added.filter(([name]) => buildArguments.isRecorded(name)).map(([name, value]) => `${name}=${value}`);
  const saved = added.length > 0 ? [`|${recorded.length}`, ...recorded.sort(), ...words] : words;
  return {
    words,
    env: added.map(([name, value]) => `${name}=${value}`),
    stepConfig: { ...config, Cmd: saved, ...(saved.length > 0 && { Entrypoint: null }) },
  };
}

/** What the cache and the history go by for a step that runs nothing. @param isOneWord as `COPY` writes it. */
export function commentConfig(
  config: ImageRunConfig,
  shell: readonly string[],
  comment: string,
  isOneWord = false,
): ImageRunConfig {
  return { ...config, Cmd: [...shell, ...(isOneWord ? [`#(nop) ${comment}`] : ['#(nop) ', comment])] };
}

/** Stages that are complete, by number and name. */
export class FinishedStages {
  readonly #images: string[] = [];
  readonly #names = new Map<string, string>();

  /** @throws Error when another stage has the name. */
  requireFree(name: string): void {
    if (name !== '' && this.#names.has(name)) throw new Error(`${name} stage name already used`);
  }

  add(name: string, imageId: string): void {
    this.#images.push(imageId);
    if (name !== '') this.#names.set(name, imageId);
  }

  /** ID of the image of a stage; `undefined` when there is none of this name. */
  named(name: string): string | undefined {
    return this.#names.get(name.toLowerCase());
  }

  /**
   * The same for `COPY --from`, which takes numbers too.
   *
   * @throws Error in Docker's words for a number that is none of a finished stage.
   */
  find(text: string): string | undefined {
    const named = this.named(text);
    if (named !== undefined || !/^[+-]?\d+$/.test(text)) return named;
    const number = Number(text);
    if (number === this.#images.length) throw new Error('refers to current build stage');
    const found = this.#images[number];
    if (found === undefined) throw new Error('index out of bounds');
    return found;
  }
}
