import type { PayloadKind } from '../swarm/payloads.ts';
import type { CommandDefinition, OptionDefinition } from './command.ts';
import { swarmViews } from './swarm-options.ts';

const actions = async (kind: PayloadKind) => (await import('../swarm/payloads.ts')).payloadActions(kind);

/** Commands about secrets and configs. */
export const payloadCommands: readonly CommandDefinition[] = [
  ...commandsOf('secret', '<name> [file]', [{ flags: '-d, --driver <driver>', description: 'driver that keeps it' }]),
  ...commandsOf('config', '<name> <file>', []),
];

function commandsOf(kind: PayloadKind, words: string, more: readonly OptionDefinition[]): CommandDefinition[] {
  return [
    {
      words: [kind, 'create'],
      summary: `Create a ${kind} of what a file has in it; - is standard input`,
      arguments: words,
      options: [
        ...more,
        { flags: '-l, --label <label>', description: 'label: key=value', repeatable: true },
        { flags: '--template-driver <driver>', description: 'what fills in templates', completion: ['golang'] },
      ],
      completion: 'file',
      load: async () => (await actions(kind)).create,
    },
    {
      words: [kind, 'ls'],
      aliases: [[kind, 'list']],
      summary: `List ${kind}s`,
      options: [swarmViews.filter, swarmViews.format, swarmViews.quiet, swarmViews.json],
      load: async () => (await actions(kind)).list,
    },
    {
      words: [kind, 'inspect'],
      summary: `Everything about ${kind}s`,
      arguments: `<${kind}...>`,
      options: [swarmViews.inspectFormat, swarmViews.pretty],
      completion: kind,
      load: async () => (await actions(kind)).inspect,
    },
    {
      words: [kind, 'rm'],
      aliases: [[kind, 'remove']],
      summary: `Remove ${kind}s`,
      arguments: `<${kind}...>`,
      completion: kind,
      load: async () => (await actions(kind)).remove,
    },
  ];
}
