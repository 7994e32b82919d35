import { FairleadError } from '@fairlead/base';
import type { HostConfig } from '../model.ts';

/** What a container asks of its log. */
export type LogConfig = HostConfig['logConfig'];

/** Options of each driver besides those that all have. */
const known: Readonly<Record<string, readonly string[]>> = {
  'json-file': ['max-file', 'max-size', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag'],
  local: ['max-file', 'max-size', 'compress'],
};
const common = ['mode', 'max-buffer-size'];

/** Drivers of Docker's that send logs elsewhere, which this engine does not. */
const remote = ['awslogs', 'etwlogs', 'fluentd', 'gcplogs', 'gelf', 'journald', 'logentries', 'splunk', 'syslog'];

/**
 * What a container's log is to be: its own wishes, and the daemon's for what it leaves open. The daemon's options count
 * only for the daemon's own driver.
 *
 * @throws FairleadError `invalid-argument` in Docker's words, `not-implemented` for drivers that send logs elsewhere.
 */
export function settleLogConfig(asked: LogConfig, daemon: LogConfig): LogConfig {
  const type = asked.type || daemon.type;
  const options = type === daemon.type ? { ...daemon.options, ...asked.options } : asked.options;
  requireLogConfig({ type, options });
  return { type, options };
}

/**
 * Check what can be said before a log is opened: Docker looks at the values no earlier than that.
 *
 * @throws FairleadError as {@link settleLogConfig}.
 */
export function requireLogConfig({ type, options }: LogConfig): void {
  if (type === 'none') return;
  if (remote.includes(type)) {
    throw new FairleadError(
      'not-implemented',
      `the logging driver ${type} is not supported yet by this version of Fairlead`,
    );
  }
  const names = Object.hasOwn(known, type) ? known[type] : undefined;
  if (names === undefined) fail(`error looking up logging plugin ${type}: plugin ${JSON.stringify(type)} not found`);
  requireMode(options);
  const strange = Object.keys(options).find((name) => !names.includes(name) && !common.includes(name));
  if (strange === undefined) return;
  fail(`unknown log opt '${strange}' for ${type === 'local' ? 'log driver local' : `${type} log driver`}`);
}

function requireMode({ mode = '', 'max-buffer-size': size }: LogConfig['options']): void {
  if (!['', 'blocking', 'non-blocking'].includes(mode)) fail(`logger: logging mode not supported: ${mode}`);
  if (size === undefined) return;
  if (mode !== 'non-blocking') fail("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  if (parseByteSize(size, 1024) === undefined) fail(`error parsing option max-buffer-size: invalid size: '${size}'`);
}

/** Bytes that a text such as `10m` stands for; `undefined` for what is no size. @param base 1000 or 1024. */
export function parseByteSize(text: string, base: number): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])i?)?b?$/i.exec(text);
  if (match === null) return undefined;
  const power = match[2] === undefined ? 0 : 'kmgtp'.indexOf(match[2].toLowerCase()) + 1;
  return Math.trunc(Number(match[1]) * base ** power);
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
