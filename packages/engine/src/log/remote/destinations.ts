import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { deflateSync, gzipSync } from 'node:zlib';
import type { OpenUnixDatagram } from '../../context.ts';
import type { LogConfig } from '../log-options.ts';
import { UdpTransport, UnixDatagramTransport } from './datagram-transport.ts';
import { fluentdMessage } from './fluentd-message.ts';
import { gelfDatagrams, gelfFields, gelfText } from './gelf-message.ts';
import { journalEntry } from './journal-entry.ts';
import type { LogMessage, LogOrigin } from './log-message.ts';
import type { Destination } from './remote-log.ts';
import { fluentdSettings, gelfSettings, type RemoteAddress, syslogSettings } from './remote-settings.ts';
import { type Persistence, type StreamAddress, StreamTransport } from './stream-transport.ts';
import { syslogMessage, withLength } from './syslog-text.ts';
import type { Transport } from './transport.ts';

/** Where the machine's own syslog may listen, and its journal. */
const localSyslog = ['/dev/log', '/var/run/syslog', '/var/run/log'];
const journalSocket = '/run/systemd/journal/socket';

/** Once, at once: what srslog does. */
const onceMore: Persistence = { attempts: 1, wait: 0, factor: 1 };

/**
 * Where the log of a container goes.
 *
 * @throws FairleadError, Error in Docker's words for what cannot be.
 */
export function destinationOf({ type, options }: LogConfig, origin: LogOrigin, open: OpenUnixDatagram): Destination {
  switch (type) {
    case 'syslog':
      return syslogDestination(options, origin, open);
    case 'gelf':
      return gelfDestination(options, origin);
    case 'fluentd':
      return fluentdDestination(options, origin);
    default:
      return journaldDestination(origin, open);
  }
}

function syslogDestination(options: LogConfig['options'], origin: LogOrigin, open: OpenUnixDatagram): Destination {
  const settings = syslogSettings(options);
  const { address, format, tls } = settings;
  const hasLength = address?.protocol === 'tls' && format.startsWith('rfc5424');
  const transport = address === undefined ? localTransport(open) : transportTo(address, onceMore, open, tls);
  return through(transport, (message) => {
    const bytes = syslogMessage(message, origin, settings, process.pid);
    return [hasLength ? withLength(bytes) : bytes];
  });
}

function localTransport(open: OpenUnixDatagram): Transport {
  const transport = new UnixDatagramTransport(localSyslog, open);
  const connect = () =>
    transport.connect().catch((error) => {
      throw new Error('Unix syslog delivery error', { cause: error });
    });
  return {
    connect,
    send: (bytes) => transport.send(bytes),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

function gelfDestination(options: LogConfig['options'], origin: LogOrigin): Destination {
  const { address, compression, level, reconnects, delay } = gelfSettings(options);
  const fields = gelfFields(origin);
  const text = (message: LogMessage) => gelfText(message, origin.hostname, fields);
  const { host, port } = address;
  if (address.protocol === 'tcp') {
    const transport = new StreamTransport(
      { protocol: 'tcp', host, port },
      { attempts: reconnects, wait: delay, factor: 1 },
    );
    const destination = through(transport, (message) => [Buffer.from(`${text(message)}\0`)]);
    const connect = () =>
      transport.connect().catch((error: Error) => {
        throw new Error(`gelf: cannot connect to GELF endpoint: ${host}:${port} ${error.message}`, { cause: error });
      });
    return { ...destination, connect };
  }
  // Some microseconds for a line: to have a thread do it takes longer.
  const packers = {
    gzip: (bytes: Buffer) => gzipSync(bytes, { level }),
    zlib: (bytes: Buffer) => deflateSync(bytes, { level }),
    none: (bytes: Buffer) => bytes,
  };
  const pack = packers[compression];
  return through(new UdpTransport(address), (message) => gelfDatagrams(pack(Buffer.from(text(message)))));
}

function fluentdDestination(options: LogConfig['options'], origin: LogOrigin): Destination {
  const { address, isAsync, bufferLimit, retries, retryWait, subSecond, requestAck } = fluentdSettings(options);
  const persistence = { attempts: retries, wait: retryWait, factor: 1.5 };
  let acknowledged: (() => void) | undefined;
  // One message is under way at a time, so whatever is answered is answered to it.
  const onData = () => acknowledged?.();
  const transport = transportTo(address, persistence, undefined, undefined, onData);
  const send = async (message: LogMessage) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    acknowledged = resolve;
    const chunk = requestAck ? Buffer.from(randomUUID()).toString('base64') : undefined;
    await transport.send(fluentdMessage(message, origin, subSecond, chunk));
    if (requestAck) await within(promise, 'fluentd has not acknowledged a message');
  };
  return {
    ...(isAsync && { dropBeyond: bufferLimit }),
    connect: isAsync ? async () => {} : () => transport.connect(),
    send: requestAck ? send : (message) => transport.send(fluentdMessage(message, origin, subSecond, undefined)),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

function journaldDestination(origin: LogOrigin, open: OpenUnixDatagram): Destination {
  if (!existsSync(journalSocket)) throw new Error('journald is not enabled on this host');
  return through(new UnixDatagramTransport([journalSocket], open), (message) => [journalEntry(message, origin)]);
}

/** Each message in as many pieces as it takes, one after the other. */
function through(transport: Transport, encode: (message: LogMessage) => readonly Uint8Array[]): Destination {
  return {
    connect: () => transport.connect(),
    send: (message) => sendAll(transport, encode(message)),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

function sendAll(transport: Transport, pieces: readonly Uint8Array[]): undefined | Promise<void> {
  const [first, ...rest] = pieces;
  const pending = first && transport.send(first);
  if (rest.length === 0) return pending;
  return (async () => {
    await pending;
    for (const piece of rest) await transport.send(piece);
  })();
}

function transportTo(
  address: RemoteAddress,
  persistence: Persistence,
  open: OpenUnixDatagram | undefined,
  tls?: ReturnType<typeof syslogSettings>['tls'],
  onData?: (data: Buffer) => void,
): Transport {
  if (address.protocol === 'udp') return new UdpTransport(address);
  if (isStream(address)) return new StreamTransport(address, persistence, tls, onData);
  if (open === undefined) throw new Error(`no way to ${address.protocol}`);
  return new UnixDatagramTransport([address.path], open);
}

function isStream(address: RemoteAddress): address is StreamAddress {
  return address.protocol !== 'udp' && address.protocol !== 'unixgram';
}

/** Milliseconds. */
const answerPatience = 30_000;

async function within(promise: Promise<void>, complaint: string): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.reject(new Error(complaint)), answerPatience);
  try {
    await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
