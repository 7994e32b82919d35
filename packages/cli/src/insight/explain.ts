import type { Action } from '../command/command.ts';
import type { Options } from '../command/options.ts';
import type { Connection } from '../connection/connection.ts';
import { agoText } from '../format/quantity.ts';
import { textTable } from '../format/text-table.ts';
import { type Account, accountText } from './account-text.ts';

/** An operation on the kernel, as the engine lists it. */
interface Operation {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly steps: number;
  readonly microseconds: number;
}

/** `fairlead explain`: the commands that would do what an operation did, rendered from the messages that it sent. */
export const explain: Action = async ({ words: [id], options, engine, print }) => {
  if (options.flag('list')) return listOperations(engine, options.flag('json'), print);
  const commands =
    options.flag('undo') || options.flag('verbose') ? await account(engine, id, options) : await transcript(engine, id);
  if (options.flag('json')) print(JSON.stringify(commands));
  else commands.forEach(print);
  return 0;
};

/** What undoes an operation, or all that is known of it. */
async function account(engine: Connection, id = 'last', options: Options): Promise<readonly string[]> {
  const known = await engine.ask<Account>('GET', `/fairlead/operations/${id}/account`);
  return options.flag('undo') ? known.undo : accountText(known);
}

/** The transcript of an operation, of the last one when no id is given: a command in each line. */
export async function transcript(engine: Connection, id = 'last'): Promise<readonly string[]> {
  const text = await engine.text('GET', `/fairlead/operations/${id}/transcript`);
  return text.split('\n').filter((line) => line !== '');
}

async function listOperations(engine: Connection, json: boolean, print: (line: string) => void): Promise<number> {
  const operations = await engine.ask<readonly Operation[]>('GET', '/fairlead/operations');
  if (json) {
    print(JSON.stringify(operations));
    return 0;
  }
  const rows = operations.map(({ id, name, time, steps, microseconds }) => [
    id,
    name,
    agoText(time / 1000),
    String(steps),
    `${(microseconds / 1000).toFixed(2)} ms`,
  ]);
  textTable([['OPERATION', 'NAME', 'WHEN', 'STEPS', 'TIME'], ...rows]).forEach(print);
  return 0;
}
