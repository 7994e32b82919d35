import { FairleadError } from '@fairlead/base';
import type { CommandDefinition } from './command.ts';

/** Options that stand before the command. */
export interface GlobalOptions {
  /** `-H`: address of the engine. */
  readonly host?: string;
}

/** What a command line asks for. */
export type Choice =
  | { readonly kind: 'command'; readonly command: CommandDefinition; readonly rest: readonly string[] }
  /** Help about the commands that begin with `words`. */
  | { readonly kind: 'help'; readonly words: readonly string[] }
  /** One line, without asking the engine for its own. */
  | { readonly kind: 'version' }
  | { readonly kind: 'unknown' };

/**
 * Take the options before the command off a command line.
 *
 * @throws FairleadError `invalid-argument` when `-H` has no value.
 */
export function splitGlobalOptions(words: readonly string[]): { globals: GlobalOptions; rest: readonly string[] } {
  const [first = '', second] = words;
  const joined = /^(?:--host=|-H=?)(.+)$/.exec(first)?.[1];
  if (joined !== undefined) return { globals: { host: joined }, rest: words.slice(1) };
  if (first !== '-H' && first !== '--host') return { globals: {}, rest: words };
  if (second === undefined) throw new FairleadError('invalid-argument', `flag needs an argument: ${first}`);
  return { globals: { host: second }, rest: words.slice(2) };
}

/** Find the command that `words` begin with: the longest name that fits, under any of its names. */
export function findCommand(table: readonly CommandDefinition[], words: readonly string[]): Choice {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const command = words.length < length ? undefined : table.find((entry) => namesOf(entry).includes(name));
    if (command !== undefined) return { kind: 'command', command, rest: words.slice(length) };
  }
  const [first, second] = words;
  if (first === undefined || isHelp(first)) return { kind: 'help', words: words.slice(1) };
  if (first === '--version' || first === '-v') return { kind: 'version' };
  const isGroup = table.some(({ words: [group], words: { length } }) => group === first && length > 1);
  return isGroup && (second === undefined || isHelp(second)) ? { kind: 'help', words: [first] } : { kind: 'unknown' };
}

/** Every name of a command: `network ls`. */
export function namesOf({ words, aliases = [] }: CommandDefinition): string[] {
  return [words, ...aliases].map((name) => name.join(' '));
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h' || word === 'help';
}
