import type { CommandDefinition } from './command.ts';
import { rehearsable } from './rehearsable.ts';

const lifecycle = (): Promise<typeof import('../container/lifecycle.ts')> => import('../container/lifecycle.ts');

/** Commands that look at running containers, or hold them. */
export const containerWatchCommands: readonly CommandDefinition[] = [
  rehearsable({
    words: ['pause'],
    aliases: [['container', 'pause']],
    summary: 'Freeze all processes of containers',
    arguments: '<container...>',
    completion: 'running-container',
    load: async () => (await lifecycle()).pause,
  }),
  rehearsable({
    words: ['unpause'],
    aliases: [['container', 'unpause']],
    summary: 'Let paused containers go on',
    arguments: '<container...>',
    completion: 'running-container',
    load: async () => (await lifecycle()).unpause,
  }),
  {
    words: ['stats'],
    aliases: [['container', 'stats']],
    summary: 'What containers use, again and again',
    arguments: '[container...]',
    options: [
      { flags: '-a, --all', description: 'also those that do not run' },
      { flags: '--no-stream', description: 'once' },
      { flags: '--no-trunc', description: 'do not shorten' },
      { flags: '--format <template>', description: 'Go template, table TEMPLATE, or json' },
      { flags: '--json', description: 'the engine’s answers as JSON' },
    ],
    completion: 'running-container',
    load: async () => (await import('../container/statistics.ts')).statistics,
  },
];
