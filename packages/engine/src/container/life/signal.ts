import { constants } from 'node:os';
import { FairleadError } from '@fairlead/base';

/** SIGRTMIN and SIGRTMAX as glibc counts them (signal(7)). */
const REALTIME = { first: 34, last: 64 };

/** The last signal before those that the C library keeps to itself. */
const LAST_COMMON = 31;

/**
 * The number of a signal given by number or name, with or without `SIG`.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function parseSignal(text: string): number {
  const upper = text.toUpperCase();
  const isNumber = /^[+-]?\d+$/.test(text);
  const number = isNumber ? Number(text) : named(upper.startsWith('SIG') ? upper : `SIG${upper}`);
  if (number === undefined || number === 0) throw new FairleadError('invalid-argument', `invalid signal: ${text}`);
  if (isKnown(number)) return number;
  throw new FairleadError('invalid-argument', `the linux daemon does not support signal ${number}`);
}

function isKnown(number: number): boolean {
  return (number > 0 && number <= LAST_COMMON) || (number >= REALTIME.first && number <= REALTIME.last);
}

function named(name: string): number | undefined {
  const realtime = /^SIGRT(MIN|MAX)([+-]\d{1,2})?$/.exec(name);
  if (realtime === null) return new Map<string, number>(Object.entries(constants.signals)).get(name);
  const number = (realtime[1] === 'MIN' ? REALTIME.first : REALTIME.last) + Number(realtime[2] ?? 0);
  return number >= REALTIME.first && number <= REALTIME.last ? number : undefined;
}
