import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  type ComposeConfig,
  type Dictionary,
  loadCompose,
  oddProperties,
  readYaml,
  type Surroundings,
} from '@fairlead/compose';
import type { Options } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';
import { readText } from '../container/text-file.ts';

/** Files that were named, read but not understood yet. */
interface StackFiles {
  readonly files: readonly Dictionary[];
  readonly surroundings: Surroundings;
}

/**
 * What the files of `--compose-file` say.
 *
 * @throws FairleadError `invalid-argument` in docker's words.
 */
export function composeOf(options: Options, { fills = true }: { readonly fills?: boolean } = {}): ComposeConfig {
  const { files, surroundings } = openFiles(options);
  return loadCompose(files, surroundings, { fills });
}

/** The same for `stack deploy`: what a swarm makes nothing of is told, and every service needs an image. */
export function deployableCompose(options: Options): ComposeConfig {
  const { files, surroundings } = openFiles(options);
  const { unsupported, deprecated, forbidden } = oddProperties(files);
  if (forbidden.length > 0) {
    throw refusal(`Compose file contains unsupported options:\n\n${forbidden.join('\n\n')}\n`);
  }
  const config = loadCompose(files, surroundings);
  if (unsupported.length > 0) process.stderr.write(`Ignoring unsupported options: ${unsupported.join(', ')}\n\n`);
  if (deprecated.length > 0) process.stderr.write(`Ignoring deprecated options:\n\n${deprecated.join('\n\n')}\n\n`);
  for (const [name, { image }] of Object.entries(config.services)) {
    if (!image) throw refusal(`invalid image reference for service ${name}: no image specified`);
  }
  return config;
}

function openFiles(options: Options): StackFiles {
  const paths = options.list('compose-file').flatMap((text) => text.split(','));
  const [first] = paths;
  if (first === undefined) throw refusal('Specify a Compose file (with --compose-file)');
  const folder = first === '-' ? process.cwd() : dirname(resolve(first));
  const files = paths.map((path) => readYaml(path === '-' ? readFileSync(0, 'utf8') : readText(path)));
  return { files, surroundings: { environment: process.env, locate: (path) => locate(folder, path), read: readText } };
}

function locate(folder: string, path: string): string {
  return resolve(folder, path.replace(/^~/, process.env['HOME'] ?? '~'));
}
