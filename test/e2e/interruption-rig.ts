import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '@fairlead/api/client';
import { type Daemon, type Host, topControlGroups } from '@fairlead/lab';

/** Who can be killed. */
export const victims = {
  'the daemon': { daemon: true, containerd: false },
  containerd: { daemon: false, containerd: true },
  'daemon and containerd': { daemon: true, containerd: true },
} as const;

/** One of {@link victims}. */
export type Victim = keyof typeof victims;

const socket = '/run/fairlead/containerd/containerd.sock';

/** Everything that the engine leaves behind somewhere, by kind; sorted, and without what is the same for ever. */
export type Remains = Readonly<Record<string, readonly string[]>>;

/** Kills parts of an engine without a chance to clean up, brings them back, and looks at what is left. */
export class InterruptionRig {
  readonly host: Host;
  readonly daemon: Daemon;
  readonly api: ApiClient;

  constructor(host: Host, daemon: Daemon) {
    this.host = host;
    this.daemon = daemon;
    this.api = new ApiClient(`unix://${daemon.socketPath}`);
  }

  /** The docker command. @throws Error with what it said when it fails. */
  readonly docker = (...words: string[]): Promise<string> => this.daemon.docker(...words);

  /** As the host sees it. */
  get containerdPid(): number {
    return Number(readFileSync(this.host.pathOf('/run/fairlead/containerd/containerd.pid'), 'utf8'));
  }

  /** Kill, and wait until the API and containerd answer again. */
  async interrupt(victim: Victim): Promise<void> {
    const { daemon, containerd } = victims[victim];
    const before = this.containerdPid;
    const killed = containerd ? this.host.exec('kill', '-9', `${before}`) : undefined;
    if (daemon) await this.daemon.kill9();
    await killed;
    if (daemon) await this.daemon.restart();
    while (containerd && !(await this.#isBack(before))) await sleep(10);
  }

  async #isBack(before: number): Promise<boolean> {
    try {
      if (this.containerdPid === before) return false;
    } catch {
      return false;
    }
    return (await this.host.run(['ctr', '-a', socket, 'version'])).code === 0;
  }

  /** What is left of anything, everywhere. */
  async remains(): Promise<Remains> {
    const { host } = this;
    // As the host sees it: a test may have put its data root on a file system of its own.
    const data = (name: string) => host.pathOf(join(host.folder, 'data', name));
    const [containers, volumes, records, tasks, leases, snapshots, blobs, writes] = await Promise.all([
      this.#ids('/containers/json?all=1'),
      host.exec('docker', '-H', this.daemon.address, 'volume', 'ls', '-q').then(linesOf),
      this.#ctr('container', 'ls', '-q'),
      this.#ctr('task', 'ls', '-q'),
      this.#ctr('leases', 'ls', '-q'),
      this.#ctr('snapshots', 'ls'),
      this.#ctr('content', 'ls', '-q'),
      this.#ctr('content', 'active'),
    ]);
    return {
      containers,
      volumes,
      records,
      tasks,
      leases,
      snapshots: snapshots.slice(1).map((line) => line.replace(/\s+/g, ' ').trim()),
      blobs,
      writes: writes.slice(1),
      ingests: namesIn(data('containerd/io.containerd.content.v1.content/ingest')),
      'temporary mounts': namesIn(data('containerd/tmpmounts')),
      mounts: this.#mounts(),
      contexts: namesIn(data('build')),
      folders: namesIn(data('containers')),
      pipes: namesIn(host.pathOf('/run/fairlead/io')).flatMap((id) =>
        namesIn(host.pathOf(`/run/fairlead/io/${id}`)).map((name) => `${id.slice(0, 12)}/${name}`),
      ),
      places: namesIn(host.pathOf('/run/fairlead/files')),
      tasksOnDisk: namesIn(host.pathOf('/run/fairlead/containerd/io.containerd.runtime.v2.task/fairlead')),
      runc: namesIn(host.pathOf('/run/containerd/runc/fairlead')),
      namespaces: namesIn(host.pathOf('/run/netns')),
      groups: topControlGroups()
        .filter((path) => path.endsWith(`/${host.name}`))
        .flatMap((path) => namesIn(path).filter((name) => /^[0-9a-f]{64}/.test(name))),
      programs: this.#programs(),
    };
  }

  /** Directories of layers, known to containerd or not. */
  layers(): string[] {
    const data = this.host.pathOf(join(this.host.folder, 'data'));
    return namesIn(join(data, 'containerd/io.containerd.snapshotter.v1.overlayfs/snapshots'));
  }

  async #ids(path: string): Promise<string[]> {
    return (await this.api.json<{ Id: string }[]>('GET', path)).map(({ Id }) => Id).sort();
  }

  async #ctr(...words: string[]): Promise<string[]> {
    return linesOf(await this.host.exec('ctr', '-a', socket, '-n', 'fairlead', ...words)).sort();
  }

  /** What the daemon and containerd have mounted of the engine's own. */
  #mounts(): string[] {
    const inside = (pid: number) => readFileSync(this.host.pathOf(`/proc/${pid}/mountinfo`), 'utf8');
    const texts = [readFileSync(`/proc/${this.daemon.pid}/mountinfo`, 'utf8'), inside(this.containerdPid)];
    const lines = texts.flatMap((text) => text.split('\n').map((line) => line.split(' ')[4] ?? ''));
    return lines.filter((place) => /\/run\/fairlead|\/data\//.test(place)).sort();
  }

  /** Names of the processes that an engine starts, as often as they run. */
  #programs(): string[] {
    const space = readlinkSync(`/proc/${this.host.pid}/ns/pid`);
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          if (readlinkSync(`/proc/${pid}/ns/pid`) !== space) return [];
          return [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()];
        } catch {
          return [];
        }
      })
      .filter((name) => /shim|runc|tar|unpigz|gzip/.test(name))
      .sort();
  }
}

/** What is there more or less than before, in words; '' for nothing. */
export function difference(before: Remains, now: Remains): string {
  const without = (all: readonly string[] = [], some: readonly string[] = []) => {
    const left = [...some];
    return all.filter((name) => !left.includes(name) || !left.splice(left.indexOf(name), 1));
  };
  return Object.keys(before)
    .flatMap((kind) => [
      ...without(now[kind], before[kind]).map((name) => `${kind}: ${name} is left`),
      ...without(before[kind], now[kind]).map((name) => `${kind}: ${name} is gone`),
    ])
    .join('\n');
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
