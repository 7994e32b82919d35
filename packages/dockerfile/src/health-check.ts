import { FairleadError } from '@fairlead/base';
import { formatGoDuration, parseGoDuration } from './go-duration.ts';
import { goQuote, goQuoteList, goQuoteNumber } from './go-text.ts';
import type { HealthCheck } from './instruction.ts';
import { parseFlags } from './instruction-flags.ts';
import type { Statement } from './statement.ts';

const flagNames = ['interval', 'timeout', 'start-period', 'start-interval', 'retries'] as const;

/** Nanoseconds below which a duration cannot be meant. */
const shortest = 1e6;

/** @throws FairleadError `invalid-argument` in Docker's words. */
export function parseHealthCheck({ words, isJson, flags }: Statement): HealthCheck {
  const [type, ...rest] = words;
  if (type === undefined) throw invalid('HEALTHCHECK requires at least one argument');
  if (type.toUpperCase() === 'NONE') {
    if (rest.length > 0) throw invalid('HEALTHCHECK NONE takes no arguments');
    return { test: ['NONE'], interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };
  }
  const values = parseFlags(flags, flagNames);
  if (type.toUpperCase() !== 'CMD') {
    throw invalid(`Unknown type ${goQuote(type.toUpperCase())} in HEALTHCHECK (try CMD)`);
  }
  if (rest.length === 0) throw invalid('Missing command after HEALTHCHECK CMD');
  return {
    test: [isJson ? 'CMD' : 'CMD-SHELL', ...rest],
    interval: duration(values, 'interval'),
    timeout: duration(values, 'timeout'),
    startPeriod: duration(values, 'start-period'),
    startInterval: duration(values, 'start-interval'),
    retries: retries(values.get('retries') ?? ''),
  };
}

/** A check as the history of an image tells of it: Go's way to write the structure that dockerd keeps it in. */
export function healthCheckText({ test, interval, timeout, startPeriod, retries }: HealthCheck): string {
  const times = [interval, timeout, startPeriod].map((time) => goQuote(formatGoDuration(time)));
  return `&{${[goQuoteList(test), ...times, goQuoteNumber(retries)].join(' ')}}`;
}

function duration(values: ReadonlyMap<string, string>, name: string): number {
  const text = values.get(name) ?? '';
  if (text === '') return 0;
  const nanoseconds = parseGoDuration(text);
  if (nanoseconds === 0) return 0;
  if (nanoseconds < shortest) throw invalid(`Interval ${goQuote(name)} cannot be less than 1ms`);
  return nanoseconds;
}

function retries(text: string): number {
  if (text === '') return 0;
  if (!/^[+-]?\d{1,9}$/.test(text)) throw invalid(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
  const count = Number(text);
  if (count < 1) throw invalid(`--retries must be at least 1 (not ${count})`);
  return count;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
