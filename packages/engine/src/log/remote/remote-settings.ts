import { statSync } from 'node:fs';
import { FairleadError, goBooleanError, parseGoBoolean } from '@fairlead/base';
import { parseByteSize } from '../byte-size.ts';

/** Options of a log, by name. */
type Options = Readonly<Record<string, string>>;

/** Where a driver sends: to a host, or into a socket of this one. */
export type RemoteAddress =
  | { readonly protocol: 'udp'; readonly host: string; readonly port: number }
  | { readonly protocol: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly protocol: 'unix'; readonly path: string }
  | { readonly protocol: 'unixgram'; readonly path: string };

/** What the driver `syslog` was asked for. */
export interface SyslogSettings {
  /** Absent means the machine's own syslog, wherever its socket is. */
  readonly address?: RemoteAddress;
  /** 0 to 23 (RFC 5424, 6.2.1). */
  readonly facility: number;
  readonly format: '' | 'rfc3164' | 'rfc5424' | 'rfc5424micro';
  /** Files of certificates; '' means none. */
  readonly tls: {
    readonly authority: string;
    readonly certificate: string;
    readonly key: string;
    readonly skipVerify: boolean;
  };
}

/** What the driver `gelf` was asked for. */
export interface GelfSettings {
  readonly address: { readonly protocol: 'udp' | 'tcp'; readonly host: string; readonly port: number };
  readonly compression: 'gzip' | 'zlib' | 'none';
  /** As zlib counts: -1 is its default. */
  readonly level: number;
  /** Attempts to connect again, over TCP. */
  readonly reconnects: number;
  /** Milliseconds between them. */
  readonly delay: number;
}

/** What the driver `fluentd` was asked for. */
export interface FluentdSettings {
  readonly address: RemoteAddress;
  /** A container starts although there is nobody to connect to. */
  readonly isAsync: boolean;
  /** Bytes that may wait for a connection that is not there. */
  readonly bufferLimit: number;
  readonly retries: number;
  /** Milliseconds before the first attempt to connect again. */
  readonly retryWait: number;
  readonly subSecond: boolean;
  readonly requestAck: boolean;
}

const facilities = (
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp - - - - ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');

/** @throws FairleadError `invalid-argument` in Docker's words (moby, daemon/logger/syslog/syslog.go). */
export function syslogSettings(options: Options): SyslogSettings {
  const address = syslogAddress(options['syslog-address'] ?? '');
  const format = options['syslog-format'] ?? '';
  const facility = facilityOf(options['syslog-facility'] || 'daemon');
  if (format !== '' && format !== 'rfc3164' && format !== 'rfc5424' && format !== 'rfc5424micro') {
    fail('Invalid syslog format');
  }
  const tls = {
    authority: options['syslog-tls-ca-cert'] ?? '',
    certificate: options['syslog-tls-cert'] ?? '',
    key: options['syslog-tls-key'] ?? '',
    // Whatever it is set to, as in Docker.
    skipVerify: options['syslog-tls-skip-verify'] !== undefined,
  };
  return { ...(address && { address }), facility, format, tls };
}

function syslogAddress(text: string): RemoteAddress | undefined {
  if (text === '') return undefined;
  const [, scheme = '', rest = ''] = /^(tcp|tcp\+tls|udp|unix|unixgram):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === '') fail(`syslog-address should be in form proto://address, got ${text}`);
  if (scheme === 'unix' || scheme === 'unixgram') {
    if (statSync(rest, { throwIfNoEntry: false }) === undefined) fail(`stat ${rest}: no such file or directory`);
    return { protocol: scheme, path: rest };
  }
  const { host, port } = hostAndPort(rest);
  return { protocol: scheme === 'tcp+tls' ? 'tls' : scheme === 'udp' ? 'udp' : 'tcp', host, port: port ?? 514 };
}

function facilityOf(text: string): number {
  const known = text === '-' ? -1 : facilities.indexOf(text);
  const facility = /^\d{1,2}$/.test(text) ? Number(text) : known;
  return facility >= 0 && facility <= 23 ? facility : fail('invalid syslog facility');
}

/** @throws FairleadError `invalid-argument` in Docker's words (moby, daemon/logger/gelf/gelf.go). */
export function gelfSettings(options: Options): GelfSettings {
  const address = gelfAddress(options['gelf-address'] ?? '');
  const isTcp = address.protocol === 'tcp';
  const [type, level] = [options['gelf-compression-type'], options['gelf-compression-level']];
  if (isTcp && (type ?? level) !== undefined) fail('compression is only supported on UDP');
  const compression = type ?? 'gzip';
  if (compression !== 'gzip' && compression !== 'zlib' && compression !== 'none')
    refuseGelf('gelf-compression-type', type);
  if (level !== undefined && !/^(-1|\d)$/.test(level)) refuseGelf('gelf-compression-level', level);
  const count = (name: string, otherwise: number) => {
    const text = options[name];
    if (text === undefined) return otherwise;
    if (!isTcp) fail(`${JSON.stringify(name)} is only valid for TCP`);
    return /^\d{1,9}$/.test(text) ? Number(text) : fail(`${JSON.stringify(name)} must be a positive integer`);
  };
  const [reconnects, delay] = [count('gelf-tcp-max-reconnect', 3), count('gelf-tcp-reconnect-delay', 1) * 1000];
  return { address, compression, level: Number(level ?? 1), reconnects, delay };
}

function gelfAddress(text: string): GelfSettings['address'] {
  if (text === '') fail('gelf-address is a required parameter');
  const [, protocol, rest = ''] = /^(udp|tcp):\/\/(.*)$/s.exec(text) ?? [];
  if (protocol === undefined) fail(`gelf-address should be in form proto://address, got ${text}`);
  const { host, port } = hostAndPort(rest);
  if (port === undefined) fail('gelf: please provide gelf-address as proto://host:port');
  return { protocol: protocol === 'udp' ? 'udp' : 'tcp', host, port };
}

function refuseGelf(name: string, value = ''): never {
  fail(`unknown value ${JSON.stringify(value)} for log opt ${JSON.stringify(name)} for gelf log driver`);
}

/** @throws FairleadError `invalid-argument` in Docker's words (moby, daemon/logger/fluentd/fluentd.go). */
export function fluentdSettings(options: Options): FluentdSettings {
  const address = fluentdAddress(options['fluentd-address'] ?? '');
  const limit = options['fluentd-buffer-limit'];
  const bufferLimit = limit === undefined ? 1 << 20 : parseByteSize(limit, 1024);
  if (bufferLimit === undefined) fail(`invalid size: '${limit}'`);
  const retries = options['fluentd-max-retries'];
  if (retries !== undefined && !/^\d{1,10}$/.test(retries)) {
    fail(`strconv.ParseUint: parsing ${JSON.stringify(retries)}: invalid syntax`);
  }
  const on = (name: string) => truth(options[name] ?? 'false');
  return {
    address,
    bufferLimit,
    retryWait: duration(options['fluentd-retry-wait'] ?? '1s'),
    retries: retries === undefined ? Number.POSITIVE_INFINITY : Number(retries),
    isAsync: on('fluentd-async') || on('fluentd-async-connect'),
    subSecond: on('fluentd-sub-second-precision'),
    requestAck: on('fluentd-request-ack'),
  };
}

function fluentdAddress(text: string): RemoteAddress {
  if (text.startsWith('unix://')) return { protocol: 'unix', path: text.slice('unix://'.length) };
  const place = text.replace(/^tcp:\/\//, '');
  if (place === '') return { protocol: 'tcp', host: '127.0.0.1', port: 24_224 };
  const parts = place.startsWith('[') ? [] : place.split(':');
  if (parts.length > 2) fail(`invalid fluentd-address ${text}: address ${place}: too many colons in address`);
  const [, port = ''] = parts;
  if (port !== '' && !/^\d+$/.test(port)) {
    fail(`invalid fluentd-address ${text}: strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`);
  }
  const found = hostAndPort(place);
  return { protocol: 'tcp', host: found.host || '127.0.0.1', port: found.port ?? 24_224 };
}

/** `host`, `host:port`, `[::1]:port`. */
function hostAndPort(text: string): { readonly host: string; readonly port?: number } {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:/]*))(?::(\d{1,5}))?\/?$/.exec(text) ?? [];
  return { host: bracketed ?? plain, ...(port !== undefined && { port: Number(port) }) };
}

const units = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Go's time.ParseDuration, in milliseconds. */
function duration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    fail(`time: invalid duration ${JSON.stringify(text)}`);
  }
  const unit = (name = ''): number => new Map(Object.entries(units)).get(name) ?? 0;
  return parts.reduce((sum, [, count, name]) => sum + Number(count) * unit(name), 0);
}

function truth(text: string): boolean {
  return parseGoBoolean(text) ?? fail(goBooleanError(text));
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
