import type { CommandDefinition } from './command.ts';
import { listChangeOptions, listOptions, sharedServiceOptions } from './service-options.ts';
import { swarmViews, taskListOptions } from './swarm-options.ts';

const changes = (): Promise<typeof import('../service/changes.ts')> => import('../service/changes.ts');
const services = (): Promise<typeof import('../service/services.ts')> => import('../service/services.ts');
const detach = { flags: '-d, --detach', description: 'do not wait until it runs' };
const quiet = { flags: '-q, --quiet', description: 'do not draw the progress' };

/** Commands about services of a swarm. */
export const serviceCommands: readonly CommandDefinition[] = [
  {
    words: ['service', 'create'],
    summary: 'Create a service: tasks that are kept running',
    arguments: '<image> [command...]',
    options: [
      { flags: '--name <name>', description: 'name of the service' },
      {
        flags: '--mode <mode>',
        description: 'how many tasks there are; default replicated',
        completion: ['replicated', 'global', 'replicated-job', 'global-job'],
      },
      ...listOptions,
      {
        flags: '--env-file <path>',
        description: 'read environment variables from a file',
        repeatable: true,
        completion: 'file',
      },
      ...sharedServiceOptions,
    ],
    completion: 'image',
    passThrough: true,
    load: async () => (await changes()).create,
  },
  {
    words: ['service', 'update'],
    summary: 'Change a service; its tasks are replaced as --update-… have it',
    arguments: '<service>',
    options: [
      { flags: '--image <image>', description: 'image to run', completion: 'image' },
      { flags: '--args <command>', description: 'arguments of its command' },
      { flags: '--force', description: 'replace tasks even when nothing is different' },
      { flags: '--rollback', description: 'take the specification before the last change' },
      ...listChangeOptions,
      ...sharedServiceOptions,
    ],
    completion: 'service',
    load: async () => (await changes()).update,
  },
  {
    words: ['service', 'ls'],
    aliases: [['service', 'list']],
    summary: 'List services',
    options: [swarmViews.filter, swarmViews.format, swarmViews.quiet, swarmViews.json],
    load: async () => (await services()).list,
  },
  {
    words: ['service', 'ps'],
    summary: 'List the tasks of services',
    arguments: '<service...>',
    options: taskListOptions,
    completion: 'service',
    load: async () => (await services()).processes,
  },
  {
    words: ['service', 'inspect'],
    summary: 'Everything about services',
    arguments: '<service...>',
    options: [swarmViews.inspectFormat, swarmViews.pretty],
    completion: 'service',
    load: async () => (await services()).inspect,
  },
  {
    words: ['service', 'logs'],
    summary: 'Print what the tasks of a service have written, or one task',
    arguments: '<service>',
    options: [
      { flags: '--details', description: 'with labels and variables, as its options ask' },
      { flags: '-f, --follow', description: 'go on with what they write' },
      swarmViews.noNames,
      { flags: '--no-task-ids', description: 'without the ids of tasks' },
      swarmViews.noTruncation,
      { flags: '--raw', description: 'without telling which task it is from' },
      { flags: '--since <time>', description: 'only from then: RFC 3339, seconds, or 10m for ten minutes ago' },
      { flags: '-n, --tail <lines>', description: 'only the last lines' },
      { flags: '-t, --timestamps', description: 'with times' },
    ],
    completion: 'service',
    load: async () => (await import('../service/service-logs.ts')).logs,
  },
  {
    words: ['service', 'scale'],
    summary: 'Change the number of tasks: web=3',
    arguments: '<service=replicas...>',
    options: [detach],
    completion: 'service',
    load: async () => (await changes()).scale,
  },
  {
    words: ['service', 'rollback'],
    summary: 'Take the specification before the last change',
    arguments: '<service>',
    options: [detach, quiet],
    completion: 'service',
    load: async () => (await changes()).rollback,
  },
  {
    words: ['service', 'rm'],
    aliases: [['service', 'remove']],
    summary: 'Remove services with their tasks',
    arguments: '<service...>',
    completion: 'service',
    load: async () => (await changes()).remove,
  },
];
