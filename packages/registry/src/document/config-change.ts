import { FairleadError, messageOf } from '@fairlead/base';
import { expandInstruction, type Instruction, parseInstructions, variablesOf } from '@fairlead/dockerfile';
import type { ImageRunConfig } from './image-config.ts';
import { changeRunConfig, type RunConfigDraft } from './run-config-change.ts';

/** Instructions that `--change` takes (moby, builder/dockerfile validCommitCommands). */
const changeable: ReadonlySet<string> = new Set([
  'cmd',
  'entrypoint',
  'healthcheck',
  'env',
  'expose',
  'label',
  'onbuild',
  'user',
  'volume',
  'workdir',
  'stopsignal',
]);

/**
 * Apply Dockerfile instructions to an image's run configuration: `--change` of `docker import` and `docker commit`.
 *
 * @throws FairleadError `invalid-argument` for an instruction that changes no configuration or is malformed.
 */
export function applyConfigChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  if (changes.length === 0) return config;
  let draft: RunConfigDraft = { config, ownsCommand: false };
  for (const instruction of instructionsOf(changes)) {
    const { kind } = instruction;
    if (!changeable.has(kind)) throw noChange(kind);
    const expanded = expandInstruction(instruction, variablesOf(draft.config.Env ?? []), '\\');
    draft = changeRunConfig(draft, expanded) ?? draft;
  }
  return draft.config;
}

/** What is no instruction at all is no change either. */
function instructionsOf(changes: readonly string[]): Instruction[] {
  try {
    return parseInstructions(changes.join('\n'));
  } catch (error) {
    const [, word] = /^unknown instruction: (\S+)/.exec(messageOf(error)) ?? [];
    throw word === undefined ? error : noChange(word.toLowerCase());
  }
}

function noChange(kind: string): FairleadError {
  return new FairleadError('invalid-argument', `${kind} is not a valid change command`);
}
