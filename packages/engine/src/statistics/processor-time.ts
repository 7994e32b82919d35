import type { ProcessorTime } from './statistics-port.ts';

/** A clock tick of /proc/stat in nanoseconds: USER_HZ is 100 on every architecture that Node runs on. */
const tick = 10_000_000;

/**
 * The time of all processors from `/proc/stat` (proc(5)): user, nice, system, idle, iowait, irq and softirq, as Docker
 * adds them up. Guests are part of user.
 */
export function parseProcessorTime(text: string): ProcessorTime {
  const lines = text.split('\n');
  const [, ...fields] = (lines.find((line) => line.startsWith('cpu ')) ?? '').split(/\s+/);
  const ticks = fields.slice(0, 7).reduce((sum, field) => sum + Number(field), 0);
  return { nanoseconds: ticks * tick, online: lines.filter((line) => /^cpu\d/.test(line)).length };
}
