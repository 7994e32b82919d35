import { FairleadError } from '@fairlead/base';
import type { HostConfig } from '../container/configuration/container-config.ts';
import { parseByteSize } from './byte-size.ts';
import { fluentdSettings, gelfSettings, syslogSettings } from './remote/remote-settings.ts';

/** What a container asks of its log. */
export type LogConfig = HostConfig['logConfig'];

/** What says more about the container, for the drivers that take it. */
const details = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];

/** Options of each driver besides those that all have. */
const known: Readonly<Record<string, readonly string[]>> = {
  'json-file': ['max-file', 'max-size', 'compress', ...details],
  local: ['max-file', 'max-size', 'compress'],
};
const common = ['mode', 'max-buffer-size'];

/** The same for those that send logs elsewhere, and what else has to be right about them. */
const remote: Readonly<
  Record<string, { readonly names: readonly string[]; check?(options: LogConfig['options']): void }>
> = {
  syslog: {
    names: ['address', 'facility', 'tls-ca-cert', 'tls-cert', 'tls-key', 'tls-skip-verify', 'format'],
    check: (options) => void syslogSettings(options),
  },
  gelf: {
    names: ['address', 'compression-level', 'compression-type', 'tcp-max-reconnect', 'tcp-reconnect-delay'],
    check: (options) => void gelfSettings(options),
  },
  fluentd: {
    names: [
      ...['address', 'async', 'async-connect', 'buffer-limit', 'max-retries', 'request-ack', 'retry-wait'],
      'sub-second-precision',
    ],
    check: (options) => void fluentdSettings(options),
  },
  journald: { names: [] },
};
/** Of what is kept here of a log that goes elsewhere, so that it can be read. */
const cache = ['cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'];

/** Drivers of Docker's that send logs to one company's service, which this engine does not. */
const hosted = ['awslogs', 'etwlogs', 'gcplogs', 'logentries', 'splunk'];

/** Whether a driver sends logs elsewhere. */
export function isRemoteLog(type: string): boolean {
  return Object.hasOwn(remote, type);
}

/** Whether a log that is sent elsewhere is kept here as well, so that `docker logs` can read it. */
export function isCached(options: LogConfig['options']): boolean {
  return !isTrue(options['cache-disabled'] ?? 'false');
}

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
  if (hosted.includes(type)) {
    throw new FairleadError(
      'not-implemented',
      `the logging driver ${type} is not supported yet by this version of Fairlead`,
    );
  }
  const names = optionNames(type);
  if (names === undefined) fail(`error looking up logging plugin ${type}: plugin ${JSON.stringify(type)} not found`);
  requireMode(options);
  const strange = Object.keys(options).find((name) => !names.includes(name) && !common.includes(name));
  if (strange !== undefined) fail(unknownOption(type, strange));
  if (!isRemoteLog(type)) return;
  requireCacheSwitch(options['cache-disabled']);
  remote[type]?.check?.(options);
}

function optionNames(type: string): readonly string[] | undefined {
  if (!isRemoteLog(type)) return Object.hasOwn(known, type) ? known[type] : undefined;
  return [...(remote[type]?.names ?? []).map((name) => `${type}-${name}`), ...details, ...cache];
}

function unknownOption(type: string, name: string): string {
  if (type === 'local') return `unknown log opt '${name}' for log driver local`;
  return `unknown log opt ${type === 'gelf' ? JSON.stringify(name) : `'${name}'`} for ${type} log driver`;
}

function requireCacheSwitch(text: string | undefined): void {
  if (text === undefined || isTrue(text) || /^(0|f|F|false|FALSE|False)$/.test(text)) return;
  fail(`invalid value for option cache-disabled: ${text}`);
}

function isTrue(text: string): boolean {
  return /^(1|t|T|true|TRUE|True)$/.test(text);
}

function requireMode({ mode = '', 'max-buffer-size': size }: LogConfig['options']): void {
  if (!['', 'blocking', 'non-blocking'].includes(mode)) fail(`logger: logging mode not supported: ${mode}`);
  if (size === undefined) return;
  if (mode !== 'non-blocking') fail("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  if (parseByteSize(size, 1024) === undefined) fail(`error parsing option max-buffer-size: invalid size: '${size}'`);
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
