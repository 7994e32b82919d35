import { FairleadError } from '@fairlead/base';
import type {
  BuildCacheChoice,
  BuildCacheRecord,
  BuildKitService,
  BuildOptions,
  BuildReport,
  BuildService,
  CommitOptions,
  ContainerStatistics,
  DiagnosisService,
  EngineEvent,
  EnginePort,
  MapEvent,
  MapService,
  MapView,
  OperationAccount,
  OperationRecord,
  Progress,
  Rehearsal,
  RemoteArchive,
  RequestedBuild,
  ShutdownReport,
  StatisticsOptions,
  SystemInfo,
} from '@fairlead/engine';
import { isUp } from '@fairlead/engine';
import { Broadcast } from './broadcast.ts';
import { FakeContainers } from './fake-containers.ts';
import { FakeFiles } from './fake-files.ts';
import { FakeImages } from './fake-images.ts';
import { FakeNetworks } from './fake-networks.ts';
import { FakePlugins } from './fake-plugins.ts';
import { FakeRegistries } from './fake-registries.ts';
import { fakeSwarm } from './fake-swarm.ts';
import { FakeVolumes } from './fake-volumes.ts';

const emptyMap: MapView = {
  schema: 'fairlead.map/1',
  host: { name: 'fake', uplinks: [] },
  networks: [],
  tiles: [],
  ports: [],
  findings: [],
};

/**
 * An engine in memory, good enough for real clients: it has images, networks and containers, whose processes know a few
 * commands.
 *
 * @example
 * const engine = new FakeEngine();
 * engine.images.add('busybox:latest');
 * await using server = new ApiServer({ engine, productVersion: '0.0.0' });
 */
export class FakeEngine implements EnginePort {
  readonly images = new FakeImages();
  readonly fakeFiles = new FakeFiles();
  readonly files = () => Promise.resolve(this.fakeFiles);
  readonly registries = new FakeRegistries();
  readonly networks: FakeNetworks;
  readonly volumes = new FakeVolumes();
  readonly fakePlugins = new FakePlugins();
  readonly plugins = () => Promise.resolve(this.fakePlugins);
  readonly runningPlugins = () => [];
  readonly diagnosis: DiagnosisService = {
    examine: async () => ({ schema: 'fairlead.doctor/1', findings: [], passed: [], probes: 0, milliseconds: 0 }),
    async *drops() {},
    reach: async () => [],
    async capture({ target }) {
      throw new FairleadError('not-found', `No such container or network: ${target}`);
    },
    start: async () => {},
    prepare: async () => {},
    flows: async () => [],
    async *followFlows() {},
    journal: async () => [],
    async *followJournal() {},
    trace: async ({ from, to }) => {
      throw new FairleadError('not-found', `a fake engine has no packets to send from ${from} to ${to}`);
    },
  };
  readonly mapEvents = new Broadcast<MapEvent>();
  readonly fakeMap: MapService = {
    view: () => emptyMap,
    watch: (signal) => this.mapEvents.from(0, signal),
    kernelView: (id) => {
      if (id !== 'host') throw new FairleadError('not-found', `nothing on the map is called ${id}`);
      return { id, title: 'host fake', facts: [], commands: [] };
    },
    forwarding: () => [],
    examine: async () => [],
  };
  readonly map = () => Promise.resolve(this.fakeMap);
  /** A real one, in memory. */
  readonly fakeSwarm = fakeSwarm((event) => this.emit(event));
  readonly swarm = () => Promise.resolve(this.fakeSwarm);
  readonly swarmStatus = () => this.fakeSwarm.status;
  readonly containers: FakeContainers;
  /** What the last build was asked for, and the bytes of its context. */
  lastBuild: { readonly options: BuildOptions; readonly bytes: number } | undefined;
  /** What the last build with BuildKit was asked for, and the bytes of its context. */
  lastKitBuild: { readonly requested: RequestedBuild; readonly bytes: number } | undefined;
  /** The build that was sent its context last, and how many pieces that had. */
  lastContext: readonly [id: string, pieces: number] | undefined;
  readonly cancelledBuilds: string[] = [];
  /** What BuildKit keeps here. */
  readonly buildCache: BuildCacheRecord[] = [];
  /** What the last prune of it asked for. */
  lastCachePrune: BuildCacheChoice | undefined;
  /** Keeps what it is given, and says what it was asked for. */
  readonly buildKit = () =>
    Promise.resolve<BuildKitService>({
      cache: async () => this.buildCache,
      pruneCache: async (choice) => {
        this.lastCachePrune = choice;
        return this.buildCache.splice(0);
      },
      serveCalls: async (client) => void client.end('no calls to a fake'),
      serveSession: async (client) => {
        for await (const _ of client);
      },
      build: (requested, body) => this.#buildWithBuildKit(requested, body),
      giveContext: async (id, context) => {
        this.lastContext = [id, (await Array.fromAsync(context)).length];
      },
      cancel: (id) => void this.cancelledBuilds.push(id),
    });
  readonly builds = () => Promise.resolve<BuildService>({ build: (context, options) => this.#build(context, options) });
  readonly prunes = async () => {
    const { Prunes } = await import('@fairlead/engine/prunes');
    return new Prunes({ ...this, events: this });
  };
  /** Whether it was asked to take its networks from the kernel at its end. */
  leavesNothing = false;
  /** What the last commit was asked for. */
  lastCommit: CommitOptions | undefined;
  readonly #events = new Broadcast<EngineEvent>();

  constructor() {
    this.containers = new FakeContainers(
      this.images,
      () => this.networks,
      (event) => this.emit(event),
    );
    this.networks = new FakeNetworks((reference) => this.containers.find(reference).container);
  }

  /** Let something happen. */
  emit(event: Omit<EngineEvent, 'time'>): void {
    this.#events.push({ ...event, time: BigInt(Date.now()) * 1_000_000n });
  }

  async *events(options: { readonly since?: bigint; readonly until?: bigint; readonly signal: AbortSignal }) {
    const { since, until, signal } = options;
    if (until !== undefined) {
      yield* this.#events.values.filter(({ time }) => time <= until && (since === undefined || time >= since));
      return;
    }
    const start = since === undefined ? this.#events.values.length : 0;
    for await (const event of this.#events.from(start, signal))
      if (since === undefined || event.time >= since) yield event;
  }

  leaveNothing(): void {
    this.leavesNothing = true;
  }

  async stopForShutdown(): Promise<ShutdownReport> {
    const running = this.containers.list().filter(({ container }) => isUp(container));
    for (const { container } of running) await this.containers.stop(container.id);
    return { stopped: running.length, left: [] };
  }

  async info(): Promise<SystemInfo> {
    return {
      id: 'a-fake-engine',
      name: 'fake',
      dataRoot: '/var/lib/fairlead',
      containerdVersion: '2.0.0',
      containerdSocket: '/run/containerd.sock',
      runtimeName: 'runc',
      runtimeVersion: '1.2.0',
      kernelVersion: '6.18.0',
      operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
      osVersion: '12',
      cgroupVersion: '2',
      userNamespaces: false,
      seccompProfile: 'builtin',
      authorizationPlugins: [],
      appArmor: false,
      cgroupDriver: 'cgroupfs',
      cpus: 2,
      memory: 4_000_000_000,
      debug: false,
      insecureRegistries: ['127.0.0.1:5000'],
      proxies: { https: 'http://xxxxx:xxxxx@proxy:3128', none: 'example.com' },
      registryMirrors: [],
      defaultAddressPools: [{ base: '172.17.0.0/16', size: 24 }],
      labels: [],
      loggingDriver: 'json-file',
      ipv4Forwarding: true,
      warnings: [],
    };
  }

  async fetchArchive(source: string): Promise<RemoteArchive> {
    throw new FairleadError('unavailable', `a fake engine has no network: ${source}`);
  }

  async commit(reference: string, options: CommitOptions): Promise<string> {
    this.containers.find(reference);
    this.lastCommit = options;
    return this.images.add(`${options.repository ?? '<none>'}:${options.tag ?? 'latest'}`).id;
  }

  async *#build(context: AsyncIterable<Uint8Array>, options: BuildOptions): AsyncGenerator<Progress> {
    let bytes = 0;
    for await (const chunk of context) bytes += chunk.length;
    this.lastBuild = { options, bytes };
    if (bytes === 0) throw new FairleadError('invalid-argument', 'Cannot locate specified Dockerfile: Dockerfile');
    yield { stream: 'Step 1/1 : FROM busybox\n' };
    if (options.target === 'broken') return yield { error: 'The command failed', errorCode: 3 };
    const { id } = this.images.add(options.tags[0] ?? '<none>:<none>');
    yield { built: id };
    yield { stream: `Successfully built ${id.slice(7, 19)}\n` };
  }

  async *#buildWithBuildKit(requested: RequestedBuild, body: AsyncIterable<Uint8Array>): AsyncGenerator<BuildReport> {
    this.lastKitBuild = { requested, bytes: Buffer.concat(await Array.fromAsync(body)).length };
    yield { trace: Buffer.from('begun') };
    yield { built: this.images.add(requested.tags[0] ?? '<none>:<none>').id };
  }

  /** Two answers of a container that uses nothing, or one. */
  async *statistics(reference: string, { stream }: StatisticsOptions): AsyncGenerator<ContainerStatistics> {
    const { id, name } = this.containers.find(reference).container;
    const answer = { id, name, current: undefined, previous: undefined };
    yield answer;
    if (stream) yield answer;
  }

  /** One that changes nothing here either: what it is asked for is said in its commands. */
  async rehearse(): Promise<Rehearsal> {
    const commands: string[] = [];
    const networks = new FakeNetworks((reference) => this.containers.find(reference).container);
    networks.create = async ({ name }) => {
      if (this.networks.list().some((network) => network.name === name))
        throw new FairleadError('conflict', `network with name ${name} already exists`);
      commands.push(`ip link add ${name} type bridge`);
      return { id: '', warning: '' };
    };
    const done = (verb: string) => async (name: string) => {
      commands.push(`${verb} ${this.containers.find(name).container.name}`);
    };
    return {
      networks,
      containers: {
        start: done('start'),
        stop: done('stop'),
        restart: done('restart'),
        kill: done('kill'),
        pause: done('pause'),
        unpause: done('unpause'),
        remove: done('remove'),
      },
      run: async ({ image, name }) => {
        await this.images.inspect(image);
        commands.push(`ip netns add ${name}`);
      },
      outcome: async () => ({ groups: [{ reason: 'a fake', microseconds: 1, commands }], undo: [], warnings: [] }),
      [Symbol.dispose]: () => {},
    };
  }

  operations(): readonly OperationRecord[] {
    return [{ id: 'op1', name: 'start container', time: Date.now(), steps: 2, microseconds: 900 }];
  }

  async transcript(id?: string): Promise<readonly string[]> {
    if (id !== undefined && id !== 'op1') throw new FairleadError('not-found', `operation ${id} not found`);
    return ['ip link add fl0 type bridge', 'ip link set fl0 up'];
  }

  async account(id?: string): Promise<OperationAccount> {
    const commands = await this.transcript(id === 'last' ? undefined : id);
    return { groups: [{ reason: 'a bridge', microseconds: 900, commands }], undo: ['ip link del fl0'] };
  }
}
