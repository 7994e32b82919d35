import { messageOf } from '@fairlead/base';
import { findCommand } from '../command/command-choice.ts';
import { commandTable } from '../command/command-table.ts';
import { parseWords } from '../command/word-parser.ts';
import type { Connection } from '../connection/connection.ts';

/** What a command line has led to. */
export interface Spoken {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Run one command line against an engine that is not there. @param words after the program's name. */
export async function speak(words: readonly string[], engine: Connection): Promise<Spoken> {
  const found = findCommand(commandTable, words);
  if (found.kind !== 'command') throw new Error(`no command: ${words.join(' ')}`);
  const [out, err]: [string[], string[]] = [[], []];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text: string | Uint8Array) => err.push(String(text)) > 0;
  try {
    const { words: operands, options } = parseWords(found.command, found.rest);
    const action = await found.command.load();
    const print = (line: string) => void out.push(`${line}\n`);
    const code = await action({ words: operands, options, engine, commands: commandTable, print });
    return { code, out: out.join(''), err: err.join('') };
  } catch (error) {
    return { code: 1, out: out.join(''), err: `${err.join('')}${messageOf(error)}\n` };
  } finally {
    process.stderr.write = write;
  }
}
