import type { CommandDefinition, OptionDefinition } from './command.ts';

const list = true;
const plugins = (): Promise<typeof import('../plugin/plugins.ts')> => import('../plugin/plugins.ts');
const arrivals = (): Promise<typeof import('../plugin/plugin-arrival.ts')> => import('../plugin/plugin-arrival.ts');
const grant: OptionDefinition = {
  flags: '--grant-all-permissions',
  description: 'agree to everything that the plugin asks for',
};
/** What is signed is not looked at, as docker has it by default; scripts say so all the same. */
const trust: OptionDefinition = {
  flags: '--disable-content-trust',
  description: 'signatures are not looked at: always so',
};

/** Commands about plugins that the engine runs. */
export const pluginCommands: readonly CommandDefinition[] = [
  {
    words: ['plugin', 'ls'],
    aliases: [['plugin', 'list']],
    summary: 'List plugins',
    options: [
      { flags: '-q, --quiet', description: 'only IDs' },
      { flags: '--no-trunc', description: 'do not shorten anything' },
      { flags: '-f, --filter <filter>', description: 'condition: enabled=…, capability=…', repeatable: list },
      { flags: '--format <template>', description: 'Go template, table TEMPLATE, or json' },
      { flags: '--json', description: 'the engine’s answer as JSON' },
    ],
    load: async () => (await plugins()).list,
  },
  {
    words: ['plugin', 'install'],
    summary: 'Install a plugin from a registry, and enable it',
    arguments: '<plugin> [setting...]',
    options: [
      { flags: '--alias <name>', description: 'what it is called here' },
      { flags: '--disable', description: 'do not enable it' },
      grant,
      trust,
    ],
    load: async () => (await arrivals()).install,
  },
  {
    words: ['plugin', 'create'],
    summary: 'Make a plugin of a directory with config.json and rootfs',
    arguments: '<plugin> <directory>',
    options: [{ flags: '--compress', description: 'send the directory packed with gzip' }],
    completion: 'file',
    load: async () => (await arrivals()).create,
  },
  {
    words: ['plugin', 'enable'],
    summary: 'Start a plugin, now and with every daemon',
    arguments: '<plugin>',
    options: [{ flags: '--timeout <seconds>', description: 'how long its answers may take; default 30' }],
    completion: 'plugin',
    load: async () => (await plugins()).enable,
  },
  {
    words: ['plugin', 'disable'],
    summary: 'Stop a plugin',
    arguments: '<plugin>',
    options: [{ flags: '-f, --force', description: 'also one that is in use' }],
    completion: 'plugin',
    load: async () => (await plugins()).disable,
  },
  {
    words: ['plugin', 'inspect'],
    summary: 'Everything about plugins',
    arguments: '<plugin...>',
    options: [{ flags: '-f, --format <template>', description: 'Go template, or json' }],
    completion: 'plugin',
    load: async () => (await plugins()).inspect,
  },
  {
    words: ['plugin', 'rm'],
    aliases: [['plugin', 'remove']],
    summary: 'Remove plugins',
    arguments: '<plugin...>',
    options: [{ flags: '-f, --force', description: 'also those that are enabled' }],
    completion: 'plugin',
    load: async () => (await plugins()).remove,
  },
  {
    words: ['plugin', 'push'],
    summary: 'Send a plugin to the registry that its name says',
    arguments: '<plugin>',
    options: [trust],
    completion: 'plugin',
    load: async () => (await plugins()).push,
  },
  {
    words: ['plugin', 'set'],
    summary: 'Change settings of a plugin that is disabled',
    arguments: '<plugin> <setting...>',
    completion: 'plugin',
    load: async () => (await plugins()).set,
  },
  {
    words: ['plugin', 'upgrade'],
    summary: 'Fetch another form of a plugin that is disabled',
    arguments: '<plugin> [remote]',
    options: [
      { flags: '--skip-remote-check', description: 'do not ask when it comes from somewhere else' },
      grant,
      trust,
    ],
    completion: 'plugin',
    load: async () => (await arrivals()).upgrade,
  },
];
