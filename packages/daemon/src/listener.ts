import { readFileSync } from 'node:fs';
import type { ListenAddress, TlsFiles } from '@fairlead/api';
import { FairleadError, messageOf } from '@fairlead/base';
import type { DaemonOptions, TlsOptions } from './options.ts';

/** First descriptor that systemd hands over (sd_listen_fds(3)). */
const FIRST_DESCRIPTOR = 3;

/** Port of the Docker API without and with TLS. */
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * Where the API listens, from the `-H` flags.
 *
 * @throws FairleadError `invalid-argument` for an address that cannot be read, or plain TCP beyond this machine.
 */
export function listenAddresses(options: Pick<DaemonOptions, 'hosts' | 'group' | 'tls'>): ListenAddress[] {
  return options.hosts.flatMap((host) => listenAddress(host, options));
}

function listenAddress(host: string, options: Pick<DaemonOptions, 'group' | 'tls'>): ListenAddress[] {
  if (host.startsWith('unix://')) return [{ kind: 'unix', path: host.slice('unix://'.length), group: options.group }];
  if (host.startsWith('/')) return [{ kind: 'unix', path: host, group: options.group }];
  if (host.startsWith('fd://')) return inherited();
  const tcp = /^tcp:\/\/(\[[^\]]*\]|[^:/]*)(?::(\d+))?\/?$/.exec(host);
  if (tcp === null) throw new FairleadError('invalid-argument', `unable to parse docker host ${host}`);
  const address = (tcp[1] ?? '').replace(/^\[(.*)\]$/, '$1') || 'localhost';
  const port = Number(tcp[2] ?? (options.tls.enabled ? TLS_PORT : PLAIN_PORT));
  if (options.tls.enabled) return [{ kind: 'tcp', host: address, port, tls: tlsFiles(options.tls) }];
  // Whoever reaches the API is root on this machine.
  if (!/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(address)) {
    const advice = 'use --tlsverify with certificates, or ssh and the unix socket';
    throw new FairleadError(
      'invalid-argument',
      `refusing to serve ${host} without TLS: anyone could become root here; ${advice}`,
    );
  }
  return [{ kind: 'tcp', host: address, port }];
}

function inherited(): ListenAddress[] {
  const count = Number(process.env['LISTEN_FDS'] ?? 0);
  if (Number(process.env['LISTEN_PID']) !== process.pid || count === 0) {
    throw new FairleadError(
      'invalid-argument',
      'no sockets found via socket activation: make sure the service was started by systemd',
    );
  }
  return Array.from({ length: count }, (_, index) => ({ kind: 'descriptor', descriptor: FIRST_DESCRIPTOR + index }));
}

function tlsFiles(tls: TlsOptions): TlsFiles {
  return {
    certificate: read(tls.certificate),
    key: read(tls.key),
    ...(tls.verify && { clientAuthorities: read(tls.authority) }),
  };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new FairleadError('invalid-argument', `could not load X509 key pair: ${messageOf(error)}`);
  }
}
