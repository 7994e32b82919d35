import { FairleadError } from '@fairlead/base';
import { goQuote } from './go-text.ts';

/** Nanoseconds in each unit that Go knows. */
const units: Readonly<Record<string, number>> = {
  h: 3.6e12,
  m: 6e10,
  s: 1e9,
  ms: 1e6,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ns: 1,
};

/**
 * Nanoseconds of a duration as Go's `time.ParseDuration` reads them: `1m30s`.
 *
 * @throws FairleadError `invalid-argument` in its words.
 */
export function parseGoDuration(text: string): number {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  if (rest === '' || !/^(?:\d|\.\d)/.test(rest)) throw invalid(`invalid duration ${goQuote(text)}`);
  let nanoseconds = 0;
  const pieces = rest.matchAll(/(\d+\.?\d*|\.\d+)([^\d.]*)/g);
  let length = 0;
  for (const [piece, value, unit = ''] of pieces) {
    length += piece.length;
    if (unit === '') throw invalid(`missing unit in duration ${goQuote(text)}`);
    const size = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (size === undefined) throw invalid(`unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`);
    nanoseconds += Number(value) * size;
  }
  if (length !== rest.length) throw invalid(`invalid duration ${goQuote(text)}`);
  return Math.trunc(sign === '-' ? -nanoseconds : nanoseconds);
}

/** A duration as Go's `Duration.String` writes it: `1m30s`, `500ms`, `0s`. @param nanoseconds not negative. */
export function formatGoDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const hours = Math.floor(nanoseconds / 3.6e12);
  const minutes = Math.floor((nanoseconds % 3.6e12) / 6e10);
  const seconds = (nanoseconds % 6e10) / 1e9;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', `time: ${message}`);
}
