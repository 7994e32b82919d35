import { messageOf } from '@fairlead/base';
import { refusal } from '../command/refusal.ts';
import { readText } from './text-file.ts';

/** Profiles of seccomp that are no files. */
const knownProfiles = ['builtin', 'unconfined'];

/**
 * The fields of `HostConfig` that `--security-opt` asks for. Profiles of seccomp are read here, for the engine may be on
 * another machine.
 *
 * @throws FairleadError `invalid-argument` in docker's words.
 */
export function securityOptions(asked: readonly string[]): Record<string, unknown> {
  const bare = 'systempaths=unconfined';
  return {
    SecurityOpt: asked.filter((text) => text !== bare).map(securityOption),
    ...(asked.includes(bare) && { MaskedPaths: [], ReadonlyPaths: [] }),
  };
}

function securityOption(text: string): string {
  const [, name = '', value = ''] = /^([^=:]+)[=:](.*)$/s.exec(text) ?? [];
  if (value === '' && !/^no-new-privileges\b/.test(text)) throw refusal(`Invalid --security-opt: "${text}"`);
  return name === 'seccomp' && !knownProfiles.includes(value) ? `seccomp=${profile(value)}` : text;
}

function profile(path: string): string {
  const text = readText(path, (why) => `opening seccomp profile (${path}) failed: ${why}`);
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw refusal(`compacting json for seccomp profile (${path}) failed: ${messageOf(error)}`);
  }
}
