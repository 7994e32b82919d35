import type { Action } from '../command/command.ts';
import { writeArchive } from '../image/transfer.ts';

/** By the engine's numbers. */
const kinds = ['C', 'A', 'D'];

/** `fairlead diff`. */
export const diff: Action = async ({ words: [name = ''], engine, print }) => {
  const changes = await engine.ask<{ Path: string; Kind: number }[] | null>('GET', `/containers/${name}/changes`);
  for (const { Path, Kind } of changes ?? []) print(`${kinds[Kind] ?? '?'} ${Path}`);
  return 0;
};

/** `fairlead export`. */
export const exportArchive: Action = async ({ words: [name = ''], options, engine }) => {
  await writeArchive(await engine.open('GET', `/containers/${name}/export`), options.text('output'));
  return 0;
};

/** `fairlead commit`. */
export const commit: Action = async ({ words: [container = '', reference = ''], options, engine, print }) => {
  const [, repo = reference, tag] = /^(.*?)(?::([^:/]+))?$/.exec(reference) ?? [];
  const { Id } = await engine.ask<{ Id: string }>('POST', '/commit', {
    query: {
      container,
      repo: repo === '' ? undefined : repo,
      tag,
      author: options.text('author'),
      comment: options.text('message'),
      changes: options.list('change'),
      pause: options.text('pause') !== 'false',
    },
    body: {},
  });
  print(Id);
  return 0;
};
