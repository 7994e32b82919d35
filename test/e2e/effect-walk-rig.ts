import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Daemon, type Host, topControlGroups } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { InterruptionRig, type Remains } from './interruption-rig.ts';

/** A request: method, path, body. */
export type Step = readonly [method: string, path: string, body?: object];

/** What is looked at of a container. */
interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Status: string };
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly PortBindings: object;
    readonly PidsLimit: number;
    readonly RestartPolicy: object;
  };
  readonly NetworkSettings: {
    readonly SandboxKey: string;
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>;
    readonly Networks: Readonly<Record<string, Attached>>;
  };
}

interface Attached {
  readonly EndpointID: string;
  readonly IPAddress: string;
  readonly GlobalIPv6Address: string;
  readonly Gateway: string;
  readonly Aliases: readonly string[] | null;
  readonly DNSNames: readonly string[] | null;
  readonly DriverOpts: object | null;
}

/** What is looked at of a network. */
interface Network {
  readonly Id: string;
  readonly Name: string;
  readonly Options: object;
  readonly Containers: Readonly<Record<string, { readonly Name: string; readonly IPv4Address: string }>>;
}

/** An engine whose daemon dies before an effect that a test chooses, see `death-before-effect.ts`. */
export class EffectWalkRig implements AsyncDisposable {
  readonly #engine: EngineHost;
  readonly #order: string;

  private constructor(engine: EngineHost, order: string) {
    this.#engine = engine;
    this.#order = order;
  }

  static async start(): Promise<EffectWalkRig> {
    const name = `fairlead-death-${process.pid}`;
    const order = join(tmpdir(), name);
    const preload = resolve(import.meta.dirname, 'death-before-effect.ts');
    const env = { FAIRLEAD_TEST_DEATH: order, NODE_OPTIONS: `--import=${preload}` };
    return new EffectWalkRig(await EngineHost.start({}, { env }), order);
  }

  get host(): Host {
    return this.#engine.host;
  }

  get daemon(): Daemon {
    return this.#engine.daemon;
  }

  /** Let so many effects through from now on, and no more. */
  letThrough(effects: number): void {
    writeFileSync(this.#order, `${effects}`);
  }

  /** The effect before which it died. */
  get lastEffect(): string {
    return readFileSync(`${this.#order}.effect`, 'utf8');
  }

  /** What is left of anything, everywhere, when containerd has collected its garbage. */
  async remains(): Promise<Remains> {
    const ctr = ['ctr', '-a', '/run/fairlead/containerd/containerd.sock', '-n', 'fairlead'];
    const lease = (await this.host.exec(...ctr, 'leases', 'create')).trim();
    await this.host.exec(...ctr, 'leases', 'delete', '--sync', lease);
    return await new InterruptionRig(this.host, this.daemon).remains();
  }

  /** The answer; status 0 for none, since the daemon died meanwhile. */
  async ask([method, path, body]: Step): Promise<{ readonly status: number; readonly text: string }> {
    const { promise, resolve: settle } = Promise.withResolvers<{ status: number; text: string }>();
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    let answer = { status: 0, text: '' };
    const call = request({ socketPath: this.daemon.socketPath, method, path, headers }, (response) => {
      answer = { status: response.statusCode ?? 0, text: '' };
      response.on('data', (piece: Buffer) => {
        answer.text += String(piece);
      });
      response.on('error', () => {});
    });
    call.on('error', () => {});
    call.on('close', () => settle(answer));
    call.end(body === undefined ? undefined : JSON.stringify(body));
    return await promise;
  }

  /** @throws Error for any answer but success. */
  async must(step: Step): Promise<string> {
    const { status, text } = await this.ask(step);
    if (status < 200 || status > 299)
      throw new Error(`${step[0]} ${step[1]}: ${status} ${text}\n${this.daemon.log().slice(-2000)}`);
    return text;
  }

  async #json<T>(path: string): Promise<T> {
    return JSON.parse(await this.must(['GET', path]));
  }

  /** Resolves when the daemon has died, and is gone. */
  async death(): Promise<void> {
    while (this.daemon.running) await sleep(5);
  }

  /** Kill a process that goes on while the daemon is dead. @throws Error when there is none. */
  kill(victim: 'containerd' | 'name service'): void {
    const program = victim === 'containerd' ? 'containerd' : 'packages/resolver/src/main.ts';
    const space = readlinkSync(`/proc/${this.host.pid}/ns/pid`);
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isMeant(name, space, program));
    if (pids.length === 0) throw new Error(`there is no ${victim}`);
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
  }

  /**
   * Everything that the API tells of, and what kernel and name service know of it; identifiers are left
   * out, so that one life is like another.
   *
   * @param names that the name service is asked for in every container that has a network of its own.
   */
  async look(names: readonly string[]): Promise<object> {
    const listed = await this.#json<{ Id: string }[]>('/containers/json?all=1');
    const containers = await Promise.all(listed.map(({ Id }) => this.#json<Inspected>(`/containers/${Id}/json`)));
    const networks = await this.#json<Network[]>('/networks');
    const details = await Promise.all(networks.map(({ Id }) => this.#json<Network>(`/networks/${Id}`)));
    const { Volumes } = await this.#json<{ Volumes: { Name: string }[] }>('/volumes');
    const images = await this.#json<{ RepoTags: string[] }[]>('/images/json');
    return {
      images: images.flatMap(({ RepoTags }) => RepoTags).sort(),
      volumes: Volumes.map(({ Name }) => Name.replace(/^[0-9a-f]{64}$/, 'anonymous')).sort(),
      containers: await Promise.all(containers.sort(byName).map((container) => this.#container(container, names))),
      networks: details.sort(byName).map(({ Name, Options, Containers }) => ({
        Name,
        Options,
        on: Object.values(Containers)
          .map((each) => `${each.Name} ${each.IPv4Address}`)
          .sort(),
      })),
      spaces: (await this.host.exec('ls', '/run/netns')).split('\n'),
      published: await this.#published(),
    };
  }

  async #container({ Id, Name, State, HostConfig, NetworkSettings }: Inspected, names: readonly string[]) {
    const { NetworkMode, PortBindings, PidsLimit, RestartPolicy } = HostConfig;
    const space = basename(NetworkSettings.SandboxKey);
    const attached = Object.entries(NetworkSettings.Networks).sort(([a], [b]) => (a < b ? -1 : 1));
    const own = (list: readonly string[] | null) => (list ?? []).filter((name) => !Id.startsWith(name)).sort();
    return {
      Name,
      status: State.Status,
      host: { mode: NetworkMode.replace(/[0-9a-f]{64}/, 'ID'), PortBindings, PidsLimit, RestartPolicy },
      ports: Object.entries(NetworkSettings.Ports).map(([port, bindings]) => [
        port,
        (bindings ?? []).map(({ HostPort }) => withoutEphemeral(HostPort)),
      ]),
      networks: attached.map(([name, { IPAddress, GlobalIPv6Address, Gateway, Aliases, DNSNames, DriverOpts }]) => ({
        ...{ name, IPAddress, GlobalIPv6Address, Gateway, DriverOpts },
        aliases: own(Aliases),
        names: own(DNSNames),
      })),
      hosts: State.Status === 'running' ? this.#hosts(Id) : '',
      inside: space === '' ? [] : await this.#inside(space, names),
      rates: await Promise.all(attached.map(([, { EndpointID }]) => this.#rate(EndpointID))),
      pids: State.Status === 'running' ? this.#pidsLimit(Id) : '',
    };
  }

  /** Its `/etc/hosts`, '' where it has none of its own. */
  #hosts(id: string): string {
    const path = join(this.host.folder, 'data/containers', id, 'hosts');
    return existsSync(path) ? readFileSync(path, 'utf8').replaceAll(id.slice(0, 12), 'ID') : '';
  }

  /** Addresses, routes and answers to names in a namespace. */
  async #inside(space: string, names: readonly string[]): Promise<readonly string[]> {
    const commands = [
      'ip -br address show scope global',
      'ip route',
      ...names.map((name) => `busybox nslookup ${name} 127.0.0.11`),
    ];
    // One program after the other is less work than each in a namespace that it has to enter first.
    const { stdout } = await this.host.run(['ip', 'netns', 'exec', space, 'sh', '-c', commands.join('; ')]);
    return stdout.replaceAll(/@\S+/g, '').replaceAll(/ +/g, ' ').split('\n');
  }

  /** What a container on a bridge may receive, as tc tells it. */
  async #rate(endpoint: string): Promise<string> {
    const shown = await this.host.run(['tc', 'qdisc', 'show', 'dev', `veth${endpoint.slice(0, 11)}`]);
    return /tbf 1: .*rate (\S+)/.exec(shown.stdout)?.[1] ?? '';
  }

  #pidsLimit(id: string): string {
    const group = topControlGroups().find(
      (path) => existsSync(join(path, id, 'pids.max')) && path.endsWith(this.host.name),
    );
    return group === undefined ? '' : readFileSync(join(group, id, 'pids.max'), 'utf8').trim();
  }

  async #published(): Promise<readonly string[]> {
    const text = await this.host.exec('nft', 'list', 'table', 'inet', 'fairlead');
    const sets = [...text.matchAll(/map (?:limited_)?publish[46] \{[^}]*?elements = \{([^}]*)\}/g)];
    const ports = sets.flatMap(([, elements = '']) => [...elements.matchAll(/(tcp|udp) \. (\d+) : ([^\s,]+)/g)]);
    return ports.map(([, protocol, port = '', target]) => `${protocol} ${withoutEphemeral(port)} ${target}`).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#order, { force: true });
    rmSync(`${this.#order}.effect`, { force: true });
    await this.#engine[Symbol.asyncDispose]();
  }
}

/** Whether a program is run by a process of a host. Others end while all are gone through. */
function isMeant(pid: string, space: string, program: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/ns/pid`) !== space) return false;
    // A script is the second word.
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0', 2);
    return words.some((word) => word.endsWith(program));
  } catch {
    return false;
  }
}

function byName(a: { readonly Name: string }, b: { readonly Name: string }): number {
  return a.Name < b.Name ? -1 : 1;
}

/** Ports that the kernel chose are others every time. */
function withoutEphemeral(port: string): string {
  return Number(port) < 32_768 ? port : 'ephemeral';
}
