import type { CommandDefinition, OptionDefinition } from './command.ts';

const list = true;
const json: OptionDefinition = { flags: '--json', description: 'the engine’s answer as JSON' };
const volumes = (): Promise<typeof import('../volume/volumes.ts')> => import('../volume/volumes.ts');

/** Commands about volumes. */
export const volumeCommands: readonly CommandDefinition[] = [
  {
    words: ['volume', 'ls'],
    aliases: [['volume', 'list']],
    summary: 'List volumes',
    options: [
      { flags: '-q, --quiet', description: 'only names' },
      { flags: '-f, --filter <filter>', description: 'condition: dangling=…, name=…, label=…', repeatable: list },
      { flags: '--format <template>', description: 'Go template, table TEMPLATE, or json' },
      json,
    ],
    load: async () => (await volumes()).list,
  },
  {
    words: ['volume', 'create'],
    summary: 'Create a volume',
    arguments: '[name]',
    options: [
      { flags: '-d, --driver <driver>', description: 'driver; default local', completion: ['local'] },
      { flags: '-o, --opt <option>', description: 'option of the driver: type=…, device=…, o=…', repeatable: list },
      { flags: '--label <label>', description: 'label: key=value', repeatable: list },
    ],
    load: async () => (await volumes()).create,
  },
  {
    words: ['volume', 'inspect'],
    summary: 'Everything about volumes',
    arguments: '<volume...>',
    options: [{ flags: '-f, --format <template>', description: 'Go template, or json' }],
    completion: 'volume',
    load: async () => (await volumes()).inspect,
  },
  {
    words: ['volume', 'rm'],
    aliases: [['volume', 'remove']],
    summary: 'Remove volumes with their content',
    arguments: '<volume...>',
    options: [{ flags: '-f, --force', description: 'no error when there is none' }],
    completion: 'volume',
    load: async () => (await volumes()).remove,
  },
  {
    words: ['volume', 'prune'],
    summary: 'Remove anonymous volumes that no container has',
    options: [
      { flags: '-a, --all', description: 'also those with a name' },
      { flags: '-f, --force', description: 'do not ask' },
      { flags: '--filter <filter>', description: 'condition: label=…', repeatable: list },
    ],
    load: async () => (await volumes()).prune,
  },
];
