import type { Action, CommandDefinition, Completion, OptionDefinition } from '../command/command.ts';
import { findCommand, namesOf } from '../command/command-choice.ts';
import { namesOfOption, takesValue } from '../command/word-parser.ts';
import type { Connection } from '../connection/connection.ts';

/** What may stand at a place: words, or names that have to be asked for. */
export type Candidates = Completion | readonly string[];

/** `fairlead __complete`: what may stand where the last of its words is being written, one on each line. */
export const complete: Action = async ({ words, commands, engine, print }) => {
  const written = words.at(-1) ?? '';
  const candidates = candidatesFor(commands, words);
  const names = typeof candidates === 'string' ? await namesOfKind(engine, candidates).catch(() => []) : candidates;
  names.filter((name) => name.startsWith(written) || name === ':file').forEach(print);
  return 0;
};

/**
 * What may stand in the place of the last word.
 *
 * @param words everything after `fairlead`, the last one perhaps half written or empty.
 */
export function candidatesFor(table: readonly CommandDefinition[], words: readonly string[]): Candidates {
  const before = words.slice(0, -1);
  const written = words.at(-1) ?? '';
  const found = findCommand(table, before);
  if (found.kind !== 'command') return commandWords(table, before);
  const { command, rest } = found;
  if (command.passThrough === true && operands(command, rest) > 0) return [];
  const option = optionBefore(command, rest);
  if (option !== undefined) return option.completion ?? [];
  if (written.startsWith('-')) return ['--help', ...(command.options ?? []).map(longName)];
  return command.completion ?? [];
}

function commandWords(table: readonly CommandDefinition[], before: readonly string[]): string[] {
  const prefix = before.length === 0 ? '' : `${before.join(' ')} `;
  const following = table.flatMap(namesOf).filter((name) => name.startsWith(prefix) && !name.startsWith('__'));
  const words = following.map((name) => name.slice(prefix.length).split(' ')[0] ?? '');
  return [...new Set(prefix === '' ? [...words, 'daemon'] : words)].sort();
}

/** The option whose value is being written. */
function optionBefore(command: CommandDefinition, rest: readonly string[]): OptionDefinition | undefined {
  const last = rest.at(-1);
  if (last === undefined || !last.startsWith('-')) return undefined;
  return (command.options ?? []).find((option) => takesValue(option) && namesOfOption(option).includes(last));
}

/** How many words of `rest` are neither options nor their values. */
function operands(command: CommandDefinition, rest: readonly string[]): number {
  return rest.filter(
    (word, index) => !word.startsWith('-') && optionBefore(command, rest.slice(0, index)) === undefined,
  ).length;
}

function longName(option: OptionDefinition): string {
  return namesOfOption(option).at(-1) ?? '';
}

async function namesOfKind(engine: Connection, kind: Completion): Promise<string[]> {
  switch (kind) {
    case 'file':
      return [':file'];
    case 'container-path':
      return (await namesOfKind(engine, 'container')).map((name) => `${name}:`);
    case 'network':
      return (await engine.ask<{ Name: string }[]>('GET', '/networks')).map(({ Name }) => Name);
    case 'volume': {
      const { Volumes } = await engine.ask<{ Volumes: { Name: string }[] | null }>('GET', '/volumes');
      return (Volumes ?? []).map(({ Name }) => Name);
    }
    case 'plugin':
      return (await engine.ask<{ Name: string }[]>('GET', '/plugins')).map(({ Name }) => Name);
    case 'image':
      return (await engine.ask<{ RepoTags: string[] | null }[]>('GET', '/images/json')).flatMap(
        ({ RepoTags }) => RepoTags ?? [],
      );
    case 'container':
    case 'running-container': {
      const query = { all: kind === 'container' || undefined };
      const containers = await engine.ask<{ Names: string[] }[]>('GET', '/containers/json', { query });
      return containers.flatMap(({ Names }) => Names.map((name) => name.slice(1)));
    }
    case 'node':
      return (await engine.ask<{ Description: { Hostname: string } }[]>('GET', '/nodes')).map(
        ({ Description }) => Description.Hostname,
      );
    case 'service':
    case 'secret':
    case 'config':
      return (await engine.ask<{ Spec: { Name: string } }[]>('GET', `/${kind}s`)).map(({ Spec }) => Spec.Name);
    case 'stack': {
      const services = await engine.ask<{ Spec: { Labels?: Record<string, string> } }[]>('GET', '/services');
      return [...new Set(services.flatMap(({ Spec }) => Spec.Labels?.['com.docker.stack.namespace'] ?? []))];
    }
    default:
      return kind satisfies never;
  }
}
