import type { CommandDefinition, OptionDefinition } from './command.ts';
import { dryRunOption, rehearsable } from './rehearsable.ts';
import { runOptions, updateOptions } from './run-options.ts';

const format: OptionDefinition = {
  flags: '-f, --format <template>',
  description: 'Go template, table TEMPLATE, or json',
};
const longFormat: OptionDefinition = {
  flags: '--format <template>',
  description: 'Go template, table TEMPLATE, or json',
};
const json: OptionDefinition = { flags: '--json', description: 'the engine’s answer as JSON' };
const stopOptions: readonly OptionDefinition[] = [
  { flags: '-t, --timeout, --time <seconds>', description: 'patience before it is killed' },
  { flags: '-s, --signal <signal>', description: 'signal to send first' },
];
const lifecycle = (): Promise<typeof import('../container/lifecycle.ts')> => import('../container/lifecycle.ts');
const change = (): Promise<typeof import('../container/change.ts')> => import('../container/change.ts');
const views = (): Promise<typeof import('../container/views.ts')> => import('../container/views.ts');

/** Commands about containers. */
export const containerCommands: readonly CommandDefinition[] = [
  {
    words: ['run'],
    aliases: [['container', 'run']],
    summary: 'Create and start a container from an image',
    arguments: '<image> [command...]',
    options: [...runOptions, dryRunOption],
    completion: 'image',
    passThrough: true,
    load: async () => (await import('../container/run.ts')).run,
  },
  {
    words: ['create'],
    aliases: [['container', 'create']],
    summary: 'Create a container without starting it',
    arguments: '<image> [command...]',
    options: runOptions,
    completion: 'image',
    passThrough: true,
    load: async () => (await import('../container/run.ts')).createOnly,
  },
  {
    words: ['ps'],
    aliases: [
      ['container', 'ls'],
      ['container', 'list'],
      ['container', 'ps'],
    ],
    summary: 'List containers',
    options: [
      { flags: '-a, --all', description: 'also those that do not run' },
      { flags: '-q, --quiet', description: 'only ids' },
      { flags: '-n, --last <number>', description: 'the newest ones, whatever their state' },
      { flags: '-l, --latest', description: 'the newest one, whatever its state' },
      { flags: '-f, --filter <filter>', description: 'condition: name=…, status=…, label=…', repeatable: true },
      { flags: '--no-trunc', description: 'do not shorten' },
      { flags: '-s, --size', description: 'also sizes' },
      longFormat,
      json,
    ],
    load: async () => (await import('../container/list.ts')).list,
  },
  rehearsable({
    words: ['start'],
    aliases: [['container', 'start']],
    summary: 'Start stopped containers',
    arguments: '<container...>',
    options: [
      { flags: '-a, --attach', description: 'attach to its output' },
      { flags: '-i, --interactive', description: 'attach to its input' },
      { flags: '--detach-keys <keys>', description: 'keys that detach' },
    ],
    completion: 'container',
    load: async () => (await import('../container/attach.ts')).start,
  }),
  rehearsable({
    words: ['stop'],
    aliases: [['container', 'stop']],
    summary: 'Stop running containers',
    arguments: '<container...>',
    options: stopOptions,
    completion: 'running-container',
    load: async () => (await lifecycle()).stop,
  }),
  rehearsable({
    words: ['restart'],
    aliases: [['container', 'restart']],
    summary: 'Restart containers',
    arguments: '<container...>',
    options: stopOptions,
    completion: 'container',
    load: async () => (await lifecycle()).restart,
  }),
  rehearsable({
    words: ['kill'],
    aliases: [['container', 'kill']],
    summary: 'Send a signal to containers',
    arguments: '<container...>',
    options: [{ flags: '-s, --signal <signal>', description: 'signal; default KILL' }],
    completion: 'running-container',
    load: async () => (await lifecycle()).kill,
  }),
  rehearsable({
    words: ['rm'],
    aliases: [['container', 'rm']],
    summary: 'Remove containers',
    arguments: '<container...>',
    options: [
      { flags: '-f, --force', description: 'kill it first' },
      { flags: '-v, --volumes', description: 'also its anonymous volumes' },
      { flags: '-l, --link', description: 'only the link of this name, not a container' },
    ],
    completion: 'container',
    load: async () => (await lifecycle()).remove,
  }),
  {
    words: ['update'],
    aliases: [['container', 'update']],
    summary: 'Change limits and restart policy of containers',
    arguments: '<container...>',
    options: updateOptions,
    completion: 'container',
    load: async () => (await change()).update,
  },
  {
    words: ['container', 'prune'],
    summary: 'Remove all containers that do not run',
    options: [
      { flags: '-f, --force', description: 'do not ask' },
      { flags: '--filter <filter>', description: 'condition: label=…, until=…', repeatable: true },
    ],
    load: async () => (await change()).prune,
  },
  {
    words: ['rename'],
    aliases: [['container', 'rename']],
    summary: 'Rename a container',
    arguments: '<container> <name>',
    completion: 'container',
    load: async () => (await lifecycle()).rename,
  },
  {
    words: ['wait'],
    aliases: [['container', 'wait']],
    summary: 'Wait until containers stop, print their exit codes',
    arguments: '<container...>',
    completion: 'running-container',
    load: async () => (await lifecycle()).wait,
  },
  {
    words: ['exec'],
    aliases: [['container', 'exec']],
    summary: 'Run a command in a running container',
    arguments: '<container> <command...>',
    options: [
      { flags: '-d, --detach', description: 'do not wait for it' },
      { flags: '-i, --interactive', description: 'keep standard input open' },
      { flags: '-t, --tty', description: 'give it a terminal' },
      { flags: '-e, --env <variable>', description: 'set an environment variable', repeatable: true },
      {
        flags: '--env-file <path>',
        description: 'read environment variables from a file',
        repeatable: true,
        completion: 'file',
      },
      { flags: '-u, --user <user>', description: 'user: name|uid[:group|gid]' },
      { flags: '-w, --workdir <path>', description: 'working directory' },
      { flags: '--privileged', description: 'all capabilities' },
      { flags: '--detach-keys <keys>', description: 'keys that detach' },
    ],
    completion: 'running-container',
    passThrough: true,
    load: async () => (await import('../container/exec.ts')).exec,
  },
  {
    words: ['attach'],
    aliases: [['container', 'attach']],
    summary: 'Attach to a running container',
    arguments: '<container>',
    options: [
      { flags: '--no-stdin', description: 'leave its input alone' },
      { flags: '--detach-keys <keys>', description: 'keys that detach' },
      { flags: '--sig-proxy <bool>', description: 'hand signals on to the container; default true' },
    ],
    completion: 'running-container',
    load: async () => (await import('../container/attach.ts')).attach,
  },
  {
    words: ['logs'],
    aliases: [['container', 'logs']],
    summary: 'Print what a container has written',
    arguments: '<container>',
    options: [
      { flags: '-f, --follow', description: 'go on with what it writes' },
      { flags: '-n, --tail <lines>', description: 'only the last lines' },
      { flags: '-t, --timestamps', description: 'with times' },
      { flags: '--details', description: 'with labels, variables and tag, as its options ask' },
      { flags: '--since <time>', description: 'only from then: RFC 3339, seconds, or 10m for ten minutes ago' },
      { flags: '--until <time>', description: 'only until then' },
    ],
    completion: 'container',
    load: async () => (await import('../container/logs.ts')).logs,
  },
  {
    words: ['top'],
    aliases: [['container', 'top']],
    summary: 'List the processes of a container',
    arguments: '<container> [ps...]',
    completion: 'running-container',
    passThrough: true,
    load: async () => (await views()).top,
  },
  {
    words: ['inspect'],
    summary: 'Everything about containers, images, networks or volumes',
    arguments: '<name...>',
    options: [
      format,
      {
        flags: '--type <type>',
        description: 'only things of this type',
        completion: ['container', 'image', 'network', 'volume'],
      },
      { flags: '-s, --size', description: 'also sizes' },
    ],
    completion: 'container',
    load: async () => (await views()).inspect,
  },
  {
    words: ['container', 'inspect'],
    summary: 'Everything about containers',
    arguments: '<container...>',
    options: [format, { flags: '-s, --size', description: 'also sizes' }],
    completion: 'container',
    load: async () => (await views()).inspectContainers,
  },
];
