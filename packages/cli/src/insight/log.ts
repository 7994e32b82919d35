import type { JournalEntry } from '@fairlead/trace';
import type { Action } from '../command/command.ts';
import { momentText } from '../container/logs.ts';

/** `fairlead log`: what was done to the network, by the engine and by others. */
export const log: Action = async ({ options, engine, print }) => {
  const query = {
    since: momentText(options.text('since')),
    kind: options.text('kind'),
    follow: options.flag('follow') || undefined,
  };
  for await (const entry of engine.lines<JournalEntry>('GET', '/fairlead/log', { query })) {
    if (options.flag('json')) print(JSON.stringify(entry));
    else journalText(entry).forEach(print);
  }
  return 0;
};

/** An entry in a line, and what it was in detail below. */
export function journalText(entry: JournalEntry): string[] {
  const at = new Date(entry.time);
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
  const when = `${day} ${at.toTimeString().slice(0, 8)}`;
  if (entry.kind === 'daemon') return [`${when}  ${entry.name}`];
  if (entry.kind === 'operation') {
    const { operation, name, steps, milliseconds, failure } = entry;
    const number = operation === undefined ? '' : `  (fairlead explain ${operation})`;
    const failed = failure === undefined ? '' : `  failed: ${failure}`;
    return [`${when}  ${name}  ${steps} step${steps === 1 ? '' : 's'}, ${milliseconds} ms${number}${failed}`];
  }
  const { name, details, machine, processId, command } = entry;
  const { program = machine === undefined ? 'somebody' : `machine ${machine}` } = entry;
  const who = `${program}${processId === undefined ? '' : ` (pid ${processId})`}`;
  const called = command === undefined ? '' : `: ${command}`;
  return [`${when}  ! ${who}${called}  ${name}`, ...details.map((detail) => `${' '.repeat(21)}  ${detail}`)];
}
