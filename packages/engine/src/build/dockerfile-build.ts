import { join } from 'node:path';
import { newIdentifier } from '@fairlead/base';
import {
  BuildArguments,
  type Dockerfile,
  expandInstruction,
  expandWord,
  goQuote,
  type Instruction,
  parseInstructions,
  type Stage,
} from '@fairlead/dockerfile';
import { parseDigest, type Report, shortDigest } from '@fairlead/registry';
import { fetchImage } from './base-images.ts';
import { buildFolder } from './build-folder.ts';
import type { BuildParts } from './build-parts.ts';
import type { BuildOptions } from './build-port.ts';
import type { ContextDirectory } from './context-directory.ts';
import type { CopySource } from './copy-source.ts';
import { CopyStep } from './copy-step.ts';
import { Downloads } from './downloads.ts';
import { LayerFiles } from './layer-files.ts';
import { requireWanted } from './run-container.ts';
import { FinishedStages, type StageState, withDefaultPath } from './stage.ts';
import { StageBuild, type StageParts } from './stage-build.ts';
import { StepCache } from './step-cache.ts';

/** What a terminal shows red, as dockerd sends what is written to standard error. */
const red = (text: string): string => `\x1b[91m${text}\x1b[0m`;

/** One build from its first stage to its last, as dockerd's classic builder prints it. */
export class DockerfileBuild {
  readonly #engine: BuildParts;
  readonly #files: ContextDirectory;
  readonly #options: BuildOptions;
  readonly #report: Report;
  readonly #arguments: BuildArguments;
  readonly #finished = new FinishedStages();
  /** The images of this build: nobody removes them before its end. */
  readonly #held = new DisposableStack();
  readonly #holder = newIdentifier();
  #step = 0;
  #steps = 0;

  constructor(engine: BuildParts, files: ContextDirectory, options: BuildOptions, report: Report) {
    this.#engine = engine;
    this.#files = files;
    this.#options = options;
    this.#report = report;
    this.#arguments = new BuildArguments(options.arguments);
  }

  /** @returns ID of the last stage's image. @throws in Docker's words. */
  async run(dockerfile: Dockerfile): Promise<string> {
    using _ = this.#held;
    await using layers = new LayerFiles(this.#engine.context);
    using downloads = this.#downloads();
    const parts = this.#stageParts(dockerfile, layers, downloads);
    const labels = labelInstructions(this.#options.labels);
    this.#steps = dockerfile.globalArguments.length + labels.length;
    for (const { instructions } of dockerfile.stages) this.#steps += 1 + instructions.length;
    if (dockerfile.warnings.length > 0) this.#say(red(`${dockerfile.warnings.join('\n')}\n`));
    this.#declareGlobals(dockerfile);
    let imageId = '';
    for (const [index, stage] of dockerfile.stages.entries()) {
      const isLast = index === dockerfile.stages.length - 1;
      imageId = await this.#stage(parts, stage, isLast ? labels : []);
    }
    const { unused } = this.#arguments;
    if (unused.length > 0) this.#say(`[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n`);
    if (imageId === '') throw new Error('No image was generated. Is your Dockerfile empty?');
    return imageId;
  }

  #downloads(): Downloads {
    const { files: calls, settings } = this.#engine.context;
    const folder = join(buildFolder(settings), this.#holder);
    const { signal } = this.#options;
    return new Downloads({ folder, calls, report: this.#report, signal, proxies: settings.proxies });
  }

  #stageParts(dockerfile: Dockerfile, layers: LayerFiles, downloads: Downloads): StageParts {
    const { context } = this.#engine;
    const source: CopySource = {
      view: this.#files.view,
      digest: (path) => this.#files.digest(path),
      missing: 'file not found in build context or excluded by .dockerignore: ',
    };
    const download = (url: string, destination: string) => downloads.fetch(url, destination);
    const sourceOf = async (from: string) => await layers.ofImage(await this.#imageFrom(from));
    return {
      ...this.#engine,
      options: this.#options,
      layers,
      cache: new StepCache(context.images, this.#options),
      copies: new CopyStep({ calls: context.files, context: source, sourceOf, download }),
      buildArguments: this.#arguments,
      escapeCharacter: dockerfile.escapeCharacter,
      say: (text) => this.#say(text),
      complain: (text) => this.#say(red(text)),
    };
  }

  #declareGlobals({ globalArguments, escapeCharacter }: Dockerfile): void {
    for (const written of globalArguments) {
      this.#announce(written.code);
      const expanded = expandInstruction(written, this.#arguments.values, escapeCharacter);
      if (expanded.kind !== 'arg') continue;
      for (const { name, value } of expanded.arguments) this.#arguments.declareGlobal(name, value);
    }
  }

  async #stage(parts: StageParts, { from, instructions }: Stage, labels: readonly Instruction[]): Promise<string> {
    this.#finished.requireFree(from.stage);
    this.#announce(from.code);
    parts.cache.beginStage();
    const build = new StageBuild(parts, await this.#begin(parts, from));
    this.#arguments.beginStage();
    const triggers = build.state.draft.config.OnBuild ?? [];
    if (triggers.length > 0) await this.#triggers(build, triggers);
    this.#arrived(build.state);
    for (const instruction of instructions) await this.#instruction(build, instruction, false);
    for (const label of labels) await this.#instruction(build, label, true);
    const { imageId } = build.state;
    if (imageId !== '') this.#report({ built: imageId });
    this.#finished.add(from.stage, imageId);
    return imageId;
  }

  async #instruction(build: StageBuild, instruction: Instruction, isLiteral: boolean): Promise<void> {
    if (this.#options.signal.aborted) this.#say('Build cancelled\n');
    requireWanted(this.#options.signal);
    this.#announce(instruction.code);
    await build.carryOut(instruction, isLiteral);
    this.#arrived(build.state);
  }

  async #triggers(build: StageBuild, triggers: readonly string[]): Promise<void> {
    this.#say(`# Executing ${triggers.length} build trigger${triggers.length > 1 ? 's' : ''}\n`);
    const parsed = triggers.flatMap((trigger) => {
      const found = parseInstructions(trigger);
      if (found.length !== 1) throw new Error('onbuild trigger should be a single expression');
      return found;
    });
    await build.pullTriggers(parsed);
  }

  /** What a stage begins with. */
  async #begin({ escapeCharacter }: StageParts, from: Stage['from']): Promise<StageState> {
    const { context } = this.#engine;
    const name = expandWord(from.image, this.#arguments.globals, escapeCharacter);
    if (name === '') throw new Error(`base name (${from.image}) should not be blank`);
    const platform = expandWord(from.platform, this.#arguments.globals, escapeCharacter) || this.#options.platform;
    const stage = this.#finished.named(name);
    if (stage === undefined && name === 'scratch') {
      return { imageId: '', draft: { config: withDefaultPath({}), ownsCommand: false }, author: '' };
    }
    const imageId = stage ?? (await this.#fetch(name, platform));
    const { config } = await context.images.resolveForCreate(imageId);
    // Who begins with an image begins without its author.
    return { imageId, draft: { config: withDefaultPath(config.config ?? {}), ownsCommand: false }, author: '' };
  }

  async #imageFrom(from: string): Promise<string> {
    const stage = this.#finished.find(from);
    if (stage === '') throw new Error(`the stage ${goQuote(from)} has no files`);
    return stage ?? (await this.#fetch(from, this.#options.platform));
  }

  async #fetch(name: string, platform: string): Promise<string> {
    const { pull, credentials, signal } = this.#options;
    const options = { pull, credentials, signal, report: this.#report };
    const id = await fetchImage(this.#engine.context.images, name, platform, options);
    this.#hold(id);
    return id;
  }

  #arrived({ imageId }: StageState): void {
    if (imageId !== '') this.#hold(imageId);
    this.#say(` ---> ${imageId === '' ? '' : shortDigest(parseDigest(imageId))}\n`);
  }

  #hold(imageId: string): void {
    this.#held.use(this.#engine.context.images.hold(imageId, this.#holder));
  }

  #announce(code: string): void {
    this.#step++;
    this.#say(`Step ${this.#step}/${this.#steps} : ${code}\n`);
  }

  #say(text: string): void {
    this.#report({ stream: text });
  }
}

/** `--label` as instructions of the last stage, sorted. */
function labelInstructions(labels: Readonly<Record<string, string>>): Instruction[] {
  return Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ kind: 'label', pairs: [{ name, value }], code: `LABEL ${name}=${value}`, line: 0 }));
}
