import type { Options } from '../command/options.ts';
import { badValue, refusal } from '../command/refusal.ts';
import { parseDuration } from '../format/quantity.ts';

const spans = [
  ['health-interval', 'Interval'],
  ['health-timeout', 'Timeout'],
  ['health-start-period', 'StartPeriod'],
  ['health-start-interval', 'StartInterval'],
] as const;

/**
 * How a container's health is looked after, times in nanoseconds; nothing where the image decides.
 *
 * @throws FairleadError `invalid-argument` in docker's words.
 */
export function healthCheck(options: Options): { Healthcheck?: Record<string, unknown> } {
  const command = options.text('health-cmd');
  const retries = options.integer('health-retries');
  if (retries !== undefined && retries < 0) throw refusal('--health-retries cannot be negative');
  const own = {
    ...(command && { Test: ['CMD-SHELL', command] }),
    ...Object.fromEntries(spans.flatMap(([name, field]) => span(name, field, options))),
    ...(retries !== undefined && { Retries: retries }),
  };
  const isAskedFor = Object.keys(own).length > 0;
  if (!options.flag('no-healthcheck')) return isAskedFor ? { Healthcheck: own } : {};
  if (isAskedFor) throw refusal('--no-healthcheck conflicts with --health-* options');
  return { Healthcheck: { Test: ['NONE'] } };
}

function span(name: string, field: string, options: Options): [field: string, nanoseconds: number][] {
  const text = options.text(name);
  if (text === undefined) return [];
  const seconds = /^-?[\d.]+$/.test(text) && Number(text) !== 0 ? undefined : parseDuration(text.replace(/^-/, ''));
  if (seconds === undefined) throw badValue(text, name, `time: invalid duration "${text}"`);
  if (text.startsWith('-')) throw refusal(`--${name} cannot be negative`);
  return [[field, Math.round(seconds * 1e9)]];
}
