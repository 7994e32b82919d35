import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { FairleadError } from '@fairlead/base';
import type { Action } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { askedPlatform } from './platform.ts';
import { follow, type ProgressMessage } from './progress-display.ts';
import { authHeader } from './registry-credentials.ts';

/** How to pull. */
export interface PullOptions {
  readonly platform: string | undefined;
  /** Where the progress is drawn; nowhere when absent. */
  readonly target: NodeJS.WriteStream | undefined;
  /** All tags that the registry has of it. */
  readonly allTags?: boolean;
}

/**
 * Fetch an image from its registry.
 *
 * @throws FairleadError with what the engine reported, even in the middle of the pull.
 */
export async function pullImage(
  engine: Connection,
  reference: string,
  { platform, target, allTags = false }: PullOptions,
): Promise<void> {
  const [name, tag] = splitReference(reference);
  const messages = engine.lines<ProgressMessage>('POST', '/images/create', {
    query: { fromImage: name, tag: allTags ? undefined : tag, platform },
    headers: authHeader(reference),
  });
  await follow(messages, target);
}

/** `fairlead push`. */
export const push: Action = async ({ words: [reference = ''], options, engine, print }) => {
  const [name, tag] = splitReference(reference);
  const all = options.flag('all-tags');
  if (all && reference !== name) throw new FairleadError('invalid-argument', "tag can't be used with --all-tags/-a");
  if (!all && reference === name && !options.flag('quiet')) print('Using default tag: latest');
  const messages = engine.lines<ProgressMessage>('POST', `/images/${name}/push`, {
    query: { tag: all ? undefined : tag, platform: askedPlatform(options) },
    // The engine wants the header even when there is nothing to say.
    headers: { 'x-registry-auth': 'e30=', ...authHeader(reference) },
  });
  await follow(messages, options.flag('quiet') ? undefined : process.stdout);
  if (options.flag('quiet')) print(all ? name : `${name}:${tag}`);
  return 0;
};

/** `fairlead save`. */
export const save: Action = async ({ words, options, engine }) => {
  const body = await engine.open('GET', '/images/get', { query: { names: words, platform: askedPlatform(options) } });
  await writeArchive(body, options.text('output'));
  return 0;
};

/**
 * Write an archive into a file, which is there when it is complete, or to standard output.
 *
 * @throws FairleadError `invalid-argument` when that is a terminal.
 */
export async function writeArchive(body: AsyncIterable<Uint8Array>, path: string | undefined): Promise<void> {
  if (path === undefined) {
    if (process.stdout.isTTY) {
      const problem = 'cowardly refusing to save to a terminal. Use the -o flag or redirect';
      throw new FairleadError('invalid-argument', problem);
    }
    return await pipeline(body, process.stdout, { end: false });
  }
  const part = `${path}.${process.pid}.part`;
  try {
    await pipeline(body, createWriteStream(part, { mode: 0o600 }));
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/** `fairlead pull`. */
export const pull: Action = async ({ words: [reference = ''], options, engine, print }) => {
  const quiet = options.flag('quiet');
  const [name, tag] = splitReference(reference);
  const allTags = options.flag('all-tags');
  if (allTags && reference !== name) throw refusal("tag can't be used with --all-tags/-a");
  if (tag === 'latest' && !quiet && !allTags && reference === name) print('Using default tag: latest');
  await pullImage(engine, reference, {
    platform: options.text('platform'),
    target: quiet ? undefined : process.stdout,
    allTags,
  });
  if (allTags) print(name);
  else print(/^sha256:/.test(tag) ? `${name}@${tag}` : `${name}:${tag}`);
  return 0;
};

/** `fairlead load`. */
export const loadArchive: Action = async ({ options, engine }) => {
  const path = options.text('input');
  if (path === undefined && process.stdin.isTTY) {
    throw new FairleadError('invalid-argument', 'requested load from stdin, but stdin is empty');
  }
  const stream = path === undefined ? process.stdin : createReadStream(path);
  const messages = engine.lines<ProgressMessage>('POST', '/images/load', {
    query: { quiet: options.flag('quiet') || undefined, platform: askedPlatform(options) },
    stream,
    headers: { 'content-type': 'application/x-tar' },
  });
  await follow(messages, process.stdout);
  return 0;
};

/** `fairlead import`. */
export const importArchive: Action = async ({ words: [path = '', reference = ''], options, engine }) => {
  const [repo, tag] = reference === '' ? [undefined, undefined] : splitReference(reference);
  const isRemote = /^https?:\/\//.test(path);
  const messages = engine.lines<ProgressMessage>('POST', '/images/create', {
    query: {
      fromSrc: isRemote ? path : '-',
      repo,
      tag,
      changes: options.list('change'),
      message: options.text('message'),
      platform: options.text('platform'),
    },
    ...(!isRemote && { stream: path === '-' ? process.stdin : createReadStream(path) }),
    headers: { 'content-type': 'application/x-tar' },
  });
  await follow(messages, process.stdout);
  return 0;
};

/** `busybox` is `busybox:latest`; a digest is kept as it is. */
function splitReference(reference: string): [name: string, tag: string] {
  const digest = reference.indexOf('@');
  if (digest !== -1) return [reference.slice(0, digest), reference.slice(digest + 1)];
  const [, name = reference, tag = 'latest'] = /^(.*?)(?::([^:/]+))?$/.exec(reference) ?? [];
  return [name, tag];
}
