import type { OptionDefinition } from './command.ts';

/** Options of lists and views, as all commands about a swarm have them. */
export const swarmViews = {
  quiet: { flags: '-q, --quiet', description: 'only ids' },
  filter: { flags: '-f, --filter <filter>', description: 'condition: name=…, label=…', repeatable: true },
  format: { flags: '--format <template>', description: 'Go template, table TEMPLATE, or json' },
  json: { flags: '--json', description: 'the engine’s answer as JSON' },
  inspectFormat: { flags: '-f, --format <template>', description: 'Go template, or json' },
  pretty: { flags: '--pretty', description: 'for people' },
  noTruncation: { flags: '--no-trunc', description: 'do not shorten' },
  noNames: { flags: '--no-resolve', description: 'ids in the place of names' },
} as const satisfies Readonly<Record<string, OptionDefinition>>;

/** Options of commands that list tasks. */
export const taskListOptions: readonly OptionDefinition[] = [
  swarmViews.filter,
  swarmViews.format,
  swarmViews.noNames,
  swarmViews.noTruncation,
  swarmViews.quiet,
  swarmViews.json,
];
