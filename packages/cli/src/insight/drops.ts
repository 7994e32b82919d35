import type { DropLine, DropReport } from '@fairlead/trace';
import type { Action } from '../command/command.ts';

/** `fairlead drops`: packets that the kernel drops, as it happens, until interrupted. That some are missing goes to standard error. */
export const drops: Action = async ({ options, engine, print }) => {
  const asJson = options.flag('json');
  for await (const drop of engine.lines<DropLine>('GET', '/fairlead/drops')) {
    if (asJson) print(JSON.stringify(drop));
    else if ('notice' in drop) process.stderr.write(`note: ${drop.notice}\n`);
    else print(dropText(drop));
  }
  return 0;
};

function dropText(drop: DropReport): string {
  const { time, place, device, reason, function: where, source, destination, from, to, sender, protocol, count } = drop;
  const clock = new Date(time).toTimeString().slice(0, 8);
  const name = (end: string, container: string | undefined) =>
    container === undefined ? end : `${container} (${end})`;
  const times = count === 1 ? '' : `  ×${count}`;
  const as = sender === undefined ? '' : `${sender} as `;
  const at = device === undefined ? place : `${place} ${device}`;
  const { rule } = drop;
  const by = rule === undefined ? '' : `  ${rule.owner}: ${rule.family} ${rule.table} ${rule.chain}  ${rule.text}`;
  return `${clock}  ${as}${name(source, from)} → ${name(destination, to)} ${protocol}  ${reason} in ${where} (${at})${by}${times}`;
}
