import type { CommandDefinition } from './command.ts';

const content = (): Promise<typeof import('../container/content.ts')> => import('../container/content.ts');

/** Commands about what is in containers. */
export const containerContentCommands: readonly CommandDefinition[] = [
  {
    words: ['cp'],
    aliases: [['container', 'cp']],
    summary: 'Copy files between a container and this machine; - is an archive on standard input or output',
    arguments: '<source> <target>',
    options: [
      { flags: '-a, --archive', description: 'keep the owners of files' },
      { flags: '-L, --follow-link', description: 'copy what a link leads to' },
      { flags: '-q, --quiet', description: 'say nothing' },
    ],
    completion: 'container-path',
    load: async () => (await import('../copy/copy.ts')).copy,
  },
  {
    words: ['diff'],
    aliases: [['container', 'diff']],
    summary: 'List files that a container has added (A), changed (C) or deleted (D)',
    arguments: '<container>',
    completion: 'container',
    load: async () => (await content()).diff,
  },
  {
    words: ['export'],
    aliases: [['container', 'export']],
    summary: 'Write the files of a container as an archive',
    arguments: '<container>',
    options: [
      { flags: '-o, --output <path>', description: 'the archive; default standard output', completion: 'file' },
    ],
    completion: 'container',
    load: async () => (await content()).exportArchive,
  },
  {
    words: ['commit'],
    aliases: [['container', 'commit']],
    summary: 'Make an image of a container',
    arguments: '<container> [reference]',
    options: [
      { flags: '-a, --author <author>', description: 'who made it' },
      { flags: '-c, --change <instruction>', description: 'change of the image’s config', repeatable: true },
      { flags: '-m, --message <text>', description: 'comment in the history' },
      { flags: '--pause <bool>', description: 'pause it meanwhile; default true' },
    ],
    completion: 'container',
    load: async () => (await content()).commit,
  },
];
