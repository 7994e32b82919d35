import type { CommandDefinition } from './command.ts';

/**
 * The list of commands, in the order of the table.
 *
 * @param words `['network']` for the commands of one group; empty for all, groups in one line each.
 */
export function helpText(table: readonly CommandDefinition[], words: readonly string[]): string {
  const [group] = words;
  if (group !== undefined) {
    const members = table.filter((entry) => entry.words.length > 1 && entry.words[0] === group);
    const lines = members.map(({ words: [, name = ''], summary }) => line(name, summary));
    return `Usage: fairlead ${group} COMMAND\n\nCommands:\n${lines.join('')}`;
  }
  // A command without a summary is for programs.
  const single = table.filter(({ words: { length }, summary }) => length === 1 && summary !== '');
  const groups = [...new Set(table.filter((entry) => entry.words.length > 1).map((entry) => entry.words[0] ?? ''))];
  return [
    'Usage: fairlead [-H ADDRESS] COMMAND\n\n',
    'A container engine whose network you can see through.\n\nCommands:\n',
    ...single.map(({ words: [name = ''], summary }) => line(name, summary)),
    '\nGroups:\n',
    ...groups.map((name) => line(name, membersOf(table, name))),
    "\nRun 'fairlead COMMAND --help' for more. The engine itself: 'fairlead daemon --help'.\n",
  ].join('');
}

function line(name: string, text: string): string {
  return `  ${name.padEnd(12)} ${text}\n`;
}

function membersOf(table: readonly CommandDefinition[], group: string): string {
  return table
    .filter(({ words }) => words.length > 1 && words[0] === group)
    .map(({ words }) => words[1])
    .join(', ');
}
