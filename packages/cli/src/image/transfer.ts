import { createReadStream } from 'node:fs';
import { FairleadError } from '@fairlead/base';
import type { Action } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';
import { ProgressDisplay, type ProgressMessage } from './progress-display.ts';

/** How to pull. */
export interface PullOptions {
  readonly platform: string | undefined;
  /** Where the progress is drawn; nowhere when absent. */
  readonly target: NodeJS.WriteStream | undefined;
}

/**
 * Fetch an image from its registry.
 *
 * @throws FairleadError with what the engine reported, even in the middle of the pull.
 */
export async function pullImage(
  engine: Connection,
  reference: string,
  { platform, target }: PullOptions,
): Promise<void> {
  const [name, tag] = splitReference(reference);
  const messages = engine.lines<ProgressMessage>('POST', '/images/create', {
    query: { fromImage: name, tag, platform },
  });
  await follow(messages, target);
}

/** `fairlead pull`. */
export const pull: Action = async ({ words: [reference = ''], options, engine, print }) => {
  const quiet = options.flag('quiet');
  const [name, tag] = splitReference(reference);
  if (tag === 'latest' && !quiet && !reference.endsWith(':latest')) print('Using default tag: latest');
  await pullImage(engine, reference, {
    platform: options.text('platform'),
    target: quiet ? undefined : process.stdout,
  });
  print(/^sha256:/.test(tag) ? `${name}@${tag}` : `${name}:${tag}`);
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
    query: { quiet: options.flag('quiet') || undefined },
    stream,
    headers: { 'content-type': 'application/x-tar' },
  });
  await follow(messages, process.stdout);
  return 0;
};

/** `fairlead import`. */
export const importArchive: Action = async ({ words: [path = '', reference = ''], options, engine }) => {
  const [repo, tag] = reference === '' ? [undefined, undefined] : splitReference(reference);
  const messages = engine.lines<ProgressMessage>('POST', '/images/create', {
    query: {
      fromSrc: '-',
      repo,
      tag,
      changes: options.list('change'),
      message: options.text('message'),
      platform: options.text('platform'),
    },
    stream: path === '-' ? process.stdin : createReadStream(path),
    headers: { 'content-type': 'application/x-tar' },
  });
  await follow(messages, process.stdout);
  return 0;
};

async function follow(messages: AsyncIterable<ProgressMessage>, target: NodeJS.WriteStream | undefined): Promise<void> {
  const display = new ProgressDisplay(target);
  for await (const message of messages) {
    if (message.error !== undefined) throw new FairleadError('internal', message.error);
    display.show(message);
  }
}

/** `busybox` is `busybox:latest`; a digest is kept as it is. */
function splitReference(reference: string): [name: string, tag: string] {
  const digest = reference.indexOf('@');
  if (digest !== -1) return [reference.slice(0, digest), reference.slice(digest + 1)];
  const [, name = reference, tag = 'latest'] = /^(.*?)(?::([^:/]+))?$/.exec(reference) ?? [];
  return [name, tag];
}
