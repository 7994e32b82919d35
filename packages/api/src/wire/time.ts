import { FairleadError } from '@fairlead/base';

/** Go's zero time, which stands for "never". */
export const zeroTime = '0001-01-01T00:00:00Z';

const nanosecondsPerSecond = 1_000_000_000n;

/** RFC 3339 with nanoseconds, from milliseconds since the epoch; absent is {@link zeroTime}. */
export function timeText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return zeroTime;
  const fraction = milliseconds % 1;
  const base = new Date(Math.floor(milliseconds)).toISOString().slice(0, -1);
  const nanoseconds = `${base.slice(-3)}${String(Math.floor(fraction * 1e6)).padStart(6, '0')}`.replace(/0+$/, '');
  return `${base.slice(0, -4)}${nanoseconds === '' ? '' : `.${nanoseconds}`}Z`;
}

/** Whole seconds since the epoch. */
export function unixSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/**
 * A time as clients send it: seconds since the epoch with up to nine decimals, RFC 3339, or how long ago (`10m`; `-10m` is
 * ahead).
 *
 * @returns nanoseconds since the epoch; `undefined` for absent and for 0, which both mean no limit.
 * @throws FairleadError `invalid-argument` for anything else.
 */
export function parseTimestamp(text: string | undefined, now = Date.now()): bigint | undefined {
  if (text === undefined || text === '' || /^0+(\.0+)?$/.test(text)) return undefined;
  const seconds = /^([-+]?\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds !== null) {
    const [, whole = '0', fraction = ''] = seconds;
    return BigInt(whole) * nanosecondsPerSecond + BigInt(fraction.padEnd(9, '0'));
  }
  const [, sign, duration = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  const ago = parseDuration(duration);
  if (ago !== undefined) return BigInt(Math.round(now * 1e6 - (sign === '-' ? -ago : ago)));
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(date))
    throw new FairleadError('invalid-argument', `failed to parse value as time or duration: ${JSON.stringify(text)}`);
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return BigInt(Math.floor(date / 1000)) * nanosecondsPerSecond + BigInt(fraction.padEnd(9, '0'));
}

const unitNanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** A Go duration (`1h30m`) in nanoseconds. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * (unitNanoseconds[unit ?? ''] ?? 0),
    0,
  );
}

/** How long something has taken in the words of `docker ps`, as Go's `units.HumanDuration`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`;
}
