/**
 * The `fairlead` command: docker's verbs and a few of its own, spoken to the engine over the Docker Engine API.
 *
 * @module
 */
export type { CommandDefinition, Completion, OptionDefinition } from './command/command.ts';
export { commandTable } from './command/command-table.ts';
export { runCommandLine } from './command-line.ts';
