import type { Options } from '../command/options.ts';
import { badValue } from '../command/refusal.ts';

/**
 * `--platform linux/arm64/v8` as the API has it for images that are here.
 *
 * @returns `undefined` when it was not given.
 * @throws FairleadError `invalid-argument` for what is none.
 */
export function askedPlatform(options: Options): string | undefined {
  const text = options.text('platform');
  if (text === undefined) return undefined;
  const [, os, architecture, variant] = /^([\w-]+)\/([\w-]+)(?:\/([\w-]+))?$/.exec(text) ?? [];
  if (os === undefined) throw badValue(text, 'platform', 'it is not like linux/amd64 or linux/arm64/v8');
  return JSON.stringify({ os, architecture, ...(variant && { variant }) });
}
