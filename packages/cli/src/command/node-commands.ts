import type { CommandDefinition } from './command.ts';
import { swarmViews, taskListOptions } from './swarm-options.ts';

const nodes = (): Promise<typeof import('../swarm/nodes.ts')> => import('../swarm/nodes.ts');

/** Commands about the machines of a swarm. */
export const nodeCommands: readonly CommandDefinition[] = [
  {
    words: ['node', 'ls'],
    aliases: [['node', 'list']],
    summary: 'List the nodes of the swarm',
    options: [swarmViews.filter, swarmViews.format, swarmViews.quiet, swarmViews.json],
    load: async () => (await nodes()).list,
  },
  {
    words: ['node', 'inspect'],
    summary: 'Everything about nodes; self is the one that answers',
    arguments: '<node...>',
    options: [swarmViews.inspectFormat, swarmViews.pretty],
    completion: 'node',
    load: async () => (await nodes()).inspect,
  },
  {
    words: ['node', 'ps'],
    summary: 'List tasks on nodes, or on the one that answers',
    arguments: '[node...]',
    options: taskListOptions,
    completion: 'node',
    load: async () => (await nodes()).processes,
  },
  {
    words: ['node', 'update'],
    summary: 'Change a node',
    arguments: '<node>',
    options: [
      {
        flags: '--availability <availability>',
        description: 'what it takes on',
        completion: ['active', 'pause', 'drain'],
      },
      { flags: '--label-add <label>', description: 'label to have: key=value', repeatable: true },
      { flags: '--label-rm <key>', description: 'label not to have any more', repeatable: true },
      { flags: '--role <role>', description: 'what it is', completion: ['worker', 'manager'] },
    ],
    completion: 'node',
    load: async () => (await nodes()).update,
  },
  {
    words: ['node', 'promote'],
    summary: 'Make nodes managers',
    arguments: '<node...>',
    completion: 'node',
    load: async () => (await nodes()).promote,
  },
  {
    words: ['node', 'demote'],
    summary: 'Make managers workers',
    arguments: '<node...>',
    completion: 'node',
    load: async () => (await nodes()).demote,
  },
  {
    words: ['node', 'rm'],
    aliases: [['node', 'remove']],
    summary: 'Remove nodes from the swarm',
    arguments: '<node...>',
    options: [{ flags: '-f, --force', description: 'even when they are reachable' }],
    completion: 'node',
    load: async () => (await nodes()).remove,
  },
];
