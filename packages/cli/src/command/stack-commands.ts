import type { CommandDefinition, OptionDefinition } from './command.ts';
import { swarmViews, taskListOptions } from './swarm-options.ts';

const stacks = (): Promise<typeof import('../stack/stacks.ts')> => import('../stack/stacks.ts');
const file: OptionDefinition = {
  flags: '-c, --compose-file <path>',
  description: 'Compose file of version 3; - is standard input; a later one goes over those before it',
  repeatable: true,
  completion: 'file',
};

/** Commands about stacks: services, networks, secrets and configs of one file. */
export const stackCommands: readonly CommandDefinition[] = [
  {
    words: ['stack', 'deploy'],
    aliases: [['stack', 'up']],
    summary: 'Make a stack what its files say',
    arguments: '<stack>',
    options: [
      file,
      { flags: '-d, --detach', description: 'do not wait until it runs: the default, but for --detach=false' },
      { flags: '--prune', description: 'remove services that the files do not have any more' },
      { flags: '-q, --quiet', description: 'do not draw the progress' },
      {
        flags: '--resolve-image <when>',
        description: 'ask the registry which image that is; default always',
        completion: ['always', 'changed', 'never'],
      },
      { flags: '--with-registry-auth', description: 'hand the own credentials for the registry on' },
    ],
    completion: 'stack',
    load: async () => (await import('../stack/deploy.ts')).deploy,
  },
  {
    words: ['stack', 'ls'],
    aliases: [['stack', 'list']],
    summary: 'List stacks',
    options: [swarmViews.format, swarmViews.json],
    load: async () => (await stacks()).list,
  },
  {
    words: ['stack', 'ps'],
    summary: 'List the tasks of a stack',
    arguments: '<stack>',
    options: taskListOptions,
    completion: 'stack',
    load: async () => (await stacks()).processes,
  },
  {
    words: ['stack', 'services'],
    summary: 'List the services of a stack',
    arguments: '<stack>',
    options: [swarmViews.filter, swarmViews.format, swarmViews.quiet, swarmViews.json],
    completion: 'stack',
    load: async () => (await stacks()).services,
  },
  {
    words: ['stack', 'rm'],
    aliases: [
      ['stack', 'remove'],
      ['stack', 'down'],
    ],
    summary: 'Remove stacks',
    arguments: '<stack...>',
    options: [{ flags: '-d, --detach', description: 'do not wait until tasks have ended: the default' }],
    completion: 'stack',
    load: async () => (await import('../stack/removal.ts')).remove,
  },
  {
    words: ['stack', 'config'],
    summary: 'Print what files say together, variables filled in',
    options: [file, { flags: '--skip-interpolation', description: 'leave variables as they are written' }],
    load: async () => (await stacks()).config,
  },
];
