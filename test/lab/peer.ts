import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Daemon, type Host } from '@fairlead/lab';

const peers = resolve(import.meta.dirname, '../../.peers');

/** Path of a program of an unpacked Debian package, as `npm test` lays them out under `.peers`. */
export function peerProgram(name: string): string {
  const found = [
    'docker.io/usr/sbin',
    'docker.io/usr/bin',
    'docker-cli/usr/bin',
    'docker-compose/usr/bin',
    'redis-tools/usr/bin',
    'dnsmasq-base/usr/sbin',
    'containernetworking-plugins/usr/lib/cni',
  ]
    .map((folder) => join(peers, folder, name))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not under .peers: run npm test once, which unpacks it`);
  return found;
}

/**
 * Options of a test that holds words against those of dockerd 20.10 (Debian 12). Later releases say the same in others, and
 * hash with other fields: where the peer is one of these, the test says that it is left out.
 */
export function besideDockerd20(): { readonly skip?: string } {
  const options = { encoding: 'utf8', env: dockerdEnvironment() } as const;
  const version = execFileSync(peerProgram('dockerd'), ['--version'], options).trim();
  return version.includes(' 20.10.') ? {} : { skip: `compared with dockerd 20.10; here is ${version}` };
}

/** Options of a test that the docker command of 20.10 (Debian 12) cannot take part in. @param reason what it does. */
export function unlessDocker20(reason: string): { readonly skip?: string } {
  const version = execFileSync(dockerClient(), ['--version'], { encoding: 'utf8' });
  return version.includes(' 20.10.') ? { skip: `the docker command of 20.10 ${reason}` } : {};
}

/** The docker command: the machine's own, else the peer's. */
export function dockerClient(): string {
  const folders = (process.env['PATH'] ?? '').split(':');
  return folders.map((folder) => join(folder, 'docker')).find((path) => existsSync(path)) ?? peerProgram('docker');
}

/**
 * Start dockerd in a host, with the iptables of the machine and a containerd of its own: what Fairlead is compared with.
 *
 * @param flags added to those that say where everything is.
 */
export function startDockerd(host: Host, flags: readonly string[] = []): Promise<Daemon> {
  const socket = '/run/docker.sock';
  const places = [
    '--data-root',
    join(host.folder, 'docker'),
    '--exec-root',
    '/run/docker',
    '--pidfile',
    '/run/docker.pid',
    '--cgroup-parent',
    `/${host.name}`,
  ];
  return Daemon.start(host, {
    command: [peerProgram('dockerd'), '-H', `unix://${socket}`, ...places, ...flags],
    socket,
    client: dockerClient(),
    env: dockerdEnvironment(),
    // Asked to end it would give every container ten seconds to do so; they go with the host.
    farewell: 'SIGKILL',
  });
}

/** docker-proxy is beside dockerd, and so may libraries be. */
function dockerdEnvironment(): Readonly<Record<'PATH' | 'LD_LIBRARY_PATH', string>> {
  return {
    PATH: `${dirname(peerProgram('dockerd'))}:${process.env['PATH']}`,
    LD_LIBRARY_PATH: peerLibraries('docker.io'),
  };
}

/** Where the libraries of a peer are that the machine may lack, for `LD_LIBRARY_PATH`. */
export function peerLibraries(name: string): string {
  return globSync(`${name}/{,usr/}lib/*-linux-gnu`, { cwd: peers })
    .map((folder) => join(peers, folder))
    .join(':');
}

/** A folder for what a peer makes of itself once and for all; it goes with the peer. */
export function peerCache(name: string): string {
  return join(peers, name, 'cache');
}

/** Start Fairlead in a host, driven by the real docker command. */
export function startFairlead(host: Host, flags: readonly string[] = []): Promise<Daemon> {
  return Daemon.fairlead(host, flags, { client: dockerClient() });
}
