import { FairleadError } from '@fairlead/base';
import { expandInstruction, parseInstructions, variablesOf } from '@fairlead/dockerfile';
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
  for (const instruction of parseInstructions(changes.join('\n'))) {
    const { kind } = instruction;
    if (!changeable.has(kind)) throw new FairleadError('invalid-argument', `${kind} is not a valid change command`);
    const expanded = expandInstruction(instruction, variablesOf(draft.config.Env ?? []), '\\');
    draft = changeRunConfig(draft, expanded) ?? draft;
  }
  return draft.config;
}
