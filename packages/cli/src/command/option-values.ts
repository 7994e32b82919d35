import { messageOf } from '@fairlead/base';
import { parseGoDuration } from '@fairlead/dockerfile';
import { parseBytes } from '../format/quantity.ts';
import type { Options } from './options.ts';
import { badValue } from './refusal.ts';

/**
 * Values of options as Go's flags read them (spf13/pflag, docker/cli opts): nothing for an option that was not given.
 * All throw FairleadError `invalid-argument` in docker's words.
 */

/** Nanoseconds. */
export function durationOption(options: Options, name: string): number | undefined {
  return singleOption(options, name, parseGoDuration);
}

/** Nanoseconds of an option that takes no negative span. */
export function positiveDurationOption(options: Options, name: string): number | undefined {
  return singleOption(options, name, (text) => {
    const span = parseGoDuration(text);
    if (span < 0) throw new Error('duration cannot be negative');
    return span;
  });
}

/** A whole number that is not negative. */
export function unsignedOption(options: Options, name: string): number | undefined {
  return singleOption(options, name, (text) => {
    if (/^\d+$/.test(text)) return Number(text);
    throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  });
}

/** A whole number. */
export function integerOption(options: Options, name: string): number | undefined {
  return singleOption(options, name, (text) => {
    if (/^[+-]?\d+$/.test(text)) return Number(text);
    throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  });
}

/** A number. */
export function fractionOption(options: Options, name: string): number | undefined {
  return singleOption(options, name, (text) => {
    if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) return Number(text);
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  });
}

/** Bytes of an amount like `64m`. */
export function bytesOption(options: Options, name: string): number | undefined {
  return singleOption(options, name, (text) => {
    const bytes = parseBytes(text);
    if (bytes === undefined) throw new Error(`invalid size: '${text}'`);
    return bytes;
  });
}

/** Thousand-millionths of a CPU of an amount like `1.5`. */
export function cpuOption(options: Options, name: string): number | undefined {
  return singleOption(options, name, (text) => {
    if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) throw new Error(`failed to parse ${text} as a rational number`);
    return Math.round(Number(text) * 1e9);
  });
}

/** Read every value of a repeatable option; what `read` throws is told as docker tells it. */
export function listOption<T>(options: Options, name: string, read: (text: string) => T): T[] {
  return options.list(name).map((text) => readValue(text, name, read));
}

/** The same for an option with one value. */
export function singleOption<T>(options: Options, name: string, read: (text: string) => T): T | undefined {
  const text = options.text(name);
  return text === undefined ? undefined : readValue(text, name, read);
}

function readValue<T>(text: string, name: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    throw badValue(text, name, messageOf(error));
  }
}
