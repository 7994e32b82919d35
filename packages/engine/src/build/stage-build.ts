import { messageOf, newIdentifier, shortIdentifier } from '@fairlead/base';
import { type BuildArguments, type EscapeCharacter, expandInstruction, type Instruction } from '@fairlead/dockerfile';
import type { ImageRunConfig, RunConfigDraft } from '@fairlead/registry';
import { changeRunConfig, commandWords, shellOf } from '@fairlead/registry/transfer';
import { parseSignal } from '../container/life/signal.ts';
import type { StepFiles } from '../image/step-images.ts';
import type { BuildParts } from './build-parts.ts';
import type { BuildOptions } from './build-port.ts';
import type { CopyStep } from './copy-step.ts';
import { makeWorkingDirectory } from './file-copy.ts';
import type { LayerFiles } from './layer-files.ts';
import { dropMountTraces } from './mount-traces.ts';
import { RunContainer } from './run-container.ts';
import { commentConfig, planRun, type StageState, stageVariables } from './stage.ts';
import type { StepCache } from './step-cache.ts';

/** What steps work with. */
export interface StageParts extends BuildParts {
  readonly options: BuildOptions;
  readonly layers: LayerFiles;
  readonly cache: StepCache;
  readonly copies: CopyStep;
  readonly buildArguments: BuildArguments;
  readonly escapeCharacter: EscapeCharacter;
  /** Text for the user, as it is. */
  readonly say: (text: string) => void;
  /** The same, for what commands write to their standard error. */
  readonly complain: (text: string) => void;
}

/** The command of a `RUN` has failed. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(words: readonly string[], exitCode: number) {
    super(`The command '${words.join(' ')}' returned a non-zero code: ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** One stage, instruction by instruction (moby, builder/dockerfile/dispatchers.go). */
export class StageBuild {
  readonly #parts: StageParts;
  #state: StageState;

  constructor(parts: StageParts, state: StageState) {
    this.#parts = parts;
    this.#state = state;
  }

  get state(): StageState {
    return this.#state;
  }

  /** Carry out one instruction. @param isLiteral its variables are not replaced. */
  async carryOut(written: Instruction, isLiteral = false): Promise<void> {
    const { buildArguments, escapeCharacter } = this.#parts;
    const variables = stageVariables(this.#state, buildArguments);
    const instruction = isLiteral ? written : expandInstruction(written, variables, escapeCharacter);
    switch (instruction.kind) {
      case 'run':
        requireClassic(instruction.flags);
        return await this.#run(commandWords(this.#config, instruction.command));
      case 'add':
      case 'copy':
        requireClassic(instruction.mode === '' ? [] : ['chmod']);
        return await this.#copy(instruction);
      case 'arg':
        for (const { name, value } of instruction.arguments) buildArguments.declare(name, value);
        return await this.#comment(`ARG ${instruction.arguments.map(argumentText).join(' ')}`);
      default:
        return await this.#configure(instruction);
    }
  }

  /** What an image left for those who begin with it. @param triggers instructions of its `ONBUILD`s. */
  async pullTriggers(triggers: readonly Instruction[]): Promise<void> {
    const { OnBuild: _, ...config } = this.#config;
    this.#state = { ...this.#state, draft: { ...this.#state.draft, config } };
    for (const trigger of triggers) await this.carryOut(trigger);
  }

  get #config(): ImageRunConfig {
    return this.#state.draft.config;
  }

  async #configure(instruction: Instruction): Promise<void> {
    if (instruction.kind === 'stopsignal') parseSignal(instruction.signal);
    if (instruction.kind === 'maintainer') this.#state = { ...this.#state, author: instruction.text };
    const before = this.#config.Healthcheck?.Test ?? [];
    if (instruction.kind === 'healthcheck' && before.length > 0 && before[0] !== 'NONE') {
      this.#parts.say(`Note: overriding previous HEALTHCHECK: [${before.join(' ')}]\n`);
    }
    const change = changeRunConfig(this.#state.draft, instruction);
    if (change === undefined) return;
    const { comment, ...draft } = change;
    this.#state = { ...this.#state, draft: withFormerCheck(draft, this.#config) };
    if (instruction.kind === 'workdir') await this.#enter(comment);
    else await this.#comment(comment);
  }

  /** A step that changes no file. dockerd makes a container for it, which it never starts: only its id is needed. */
  async #comment(comment: string): Promise<void> {
    const stepConfig = commentConfig(this.#config, shellOf(this.#config), comment);
    if (await this.#isCached(stepConfig)) return;
    await this.#inNominalContainer((containerId) => this.#finish(stepConfig, containerId));
  }

  /** `WORKDIR`: the directory is made when it is missing. */
  async #enter(comment: string): Promise<void> {
    const { layers, context } = this.#parts;
    const path = Buffer.from(this.#config.WorkingDir ?? '', 'utf8').toString('latin1');
    const stepConfig = commentConfig(this.#config, shellOf(this.#config), comment, true);
    if (await this.#isCached(stepConfig)) return;
    await this.#inNominalContainer(async (containerId) => {
      const { snapshot, result: isNew } = await layers.change(this.#state.imageId, async (root) =>
        makeWorkingDirectory({ root, calls: context.files }, path),
      );
      await this.#finish(stepConfig, containerId, isNew ? { snapshot, isDone: true } : undefined);
    });
  }

  async #copy(instruction: Extract<Instruction, { readonly kind: 'add' | 'copy' }>): Promise<void> {
    const { copies, layers } = this.#parts;
    const plan = await copies.plan(instruction);
    const stepConfig = commentConfig(this.#config, shellOf(this.#config), plan.comment, true);
    if (await this.#isCached(stepConfig)) return;
    const { snapshot } = await layers.change(this.#state.imageId, (root) =>
      copies.perform(plan, root, this.#config.WorkingDir ?? ''),
    );
    await this.#finish(stepConfig, '', { snapshot, isDone: true });
  }

  async #run(words: readonly string[]): Promise<void> {
    const { options, say, complain } = this.#parts;
    const plan = planRun(this.#config, words, this.#parts.buildArguments);
    if (await this.#isCached(plan.stepConfig)) return;
    if (this.#state.imageId === '') throw new Error(`exec: "${words[0]}": there is no such file: the image is empty`);
    options.requireHost();
    const write = (stream: 'stdout' | 'stderr', text: string) => (stream === 'stdout' ? say(text) : complain(text));
    const run = { ...this.#parts, write, signal: options.signal };
    const container = await RunContainer.create(run, this.#state.imageId, this.#config, plan, options.host);
    const short = shortIdentifier(container.id);
    say(` ---> Running in ${short}\n`);
    const isRemoved = options.remove || options.forceRemove;
    try {
      const exitCode = await container.run();
      if (exitCode !== 0) throw new CommandFailure(words, exitCode);
      await dropMountTraces(this.#parts.context, container.id);
      await this.#finish(plan.stepConfig, container.id, { snapshot: container.id, isDone: isRemoved });
    } catch (error) {
      await this.#abandon(container, error);
      throw error;
    }
    if (isRemoved) await this.#remove(container);
    else container.keep();
  }

  /** A command that has failed may be looked at in its container; all else that failed left nothing to see. */
  async #abandon(container: RunContainer, failure: unknown): Promise<void> {
    const { table, options, context } = this.#parts;
    try {
      // Somebody else may have removed it.
      if (table.get(container.id) === undefined) return;
      if (failure instanceof CommandFailure && !options.forceRemove) container.keep();
      else await this.#remove(container);
    } catch (error) {
      context.logger.warn('build container not removed', { id: container.id, error: messageOf(error) });
    }
  }

  async #remove(container: RunContainer): Promise<void> {
    await container.remove();
    this.#parts.say(`Removing intermediate container ${shortIdentifier(container.id)}\n`);
  }

  async #inNominalContainer(work: (id: string) => Promise<void>): Promise<void> {
    const { say, options } = this.#parts;
    options.requireHost();
    const id = newIdentifier();
    say(` ---> Running in ${shortIdentifier(id)}\n`);
    await work(id);
    if (options.remove || options.forceRemove) say(`Removing intermediate container ${shortIdentifier(id)}\n`);
  }

  async #isCached(stepConfig: ImageRunConfig): Promise<boolean> {
    const found = await this.#parts.cache.find(this.#describe(stepConfig, ''));
    if (found === undefined) return false;
    this.#parts.say(' ---> Using cache\n');
    this.#state = { ...this.#state, imageId: found };
    return true;
  }

  async #finish(stepConfig: ImageRunConfig, containerId: string, files?: StepFiles): Promise<void> {
    const { images } = this.#parts.context;
    const imageId = await images.steps.add(this.#describe(stepConfig, containerId), files);
    this.#state = { ...this.#state, imageId };
  }

  #describe(stepConfig: ImageRunConfig, containerId: string) {
    const { imageId: parentId, draft, author } = this.#state;
    return { parentId, config: draft.config, stepConfig, containerId, author };
  }
}

/** What a check does not say stays as the one before it had it, in Docker by way of the step's container. */
function withFormerCheck(draft: RunConfigDraft, { Healthcheck: former }: ImageRunConfig): RunConfigDraft {
  const { Healthcheck: check } = draft.config;
  if (check === undefined || former === undefined) return draft;
  return { ...draft, config: { ...draft.config, Healthcheck: { ...former, ...check } } };
}

function argumentText({ name, value }: { readonly name: string; readonly value?: string }): string {
  return value === undefined ? name : `${name}=${value}`;
}

/** @throws Error for what only BuildKit does. */
function requireClassic(flags: readonly string[]): void {
  const [flag] = flags;
  if (flag === undefined) return;
  const advice = 'Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled';
  throw new Error(`the --${flag} option requires BuildKit. ${advice}`);
}
