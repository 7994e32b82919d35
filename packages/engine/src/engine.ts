import { lateModule, messageOf } from '@fairlead/base';
import { clientsFirst, type Sandbox } from '@fairlead/network';
import type { TaskProcess } from '@fairlead/runtime';
import { dropBuildContexts } from './build/build-folder.ts';
import type { BuildKitService } from './build/build-kit-port.ts';
import type { BuildService } from './build/build-port.ts';
import { NotedChanges } from './container/configuration/noted-changes.ts';
import { isAlive } from './container/container-state.ts';
import type { ContainerTable } from './container/container-table.ts';
import { Containers } from './container/containers.ts';
import { ExecTable } from './container/exec/exec-table.ts';
import { FileWriter } from './container/file/container-files.ts';
import { foundTasks } from './container/life/found-tasks.ts';
import { Lifecycle } from './container/life/lifecycle.ts';
import { ContainerTurns, within } from './container/life/patience.ts';
import { Recovery } from './container/life/recovery.ts';
import type { ShutdownReport } from './container/life/shutdown.ts';
import { ContainerStart } from './container/life/start.ts';
import { LegacyLinks } from './container/network/legacy-links.ts';
import { isProcessOf } from './container/process/own-process.ts';
import { Autostart } from './container/restart/autostart.ts';
import type { EngineContext } from './context.ts';
import type { DiagnosisService } from './diagnosis-port.ts';
import type { EnginePort } from './engine-port.ts';
import type { FileService } from './files/file-port.ts';
import { dropMappedLayers, dropMountPlaces } from './files/mount-place.ts';
import { watchHostResolvConf } from './host-resolver-file.ts';
import type { CommitOptions } from './image/commit-port.ts';
import type { Images } from './image/image-service.ts';
import type { Registries } from './image/registries.ts';
import type { RemoteArchive } from './image/remote-archive.ts';
import type { MapService } from './map-port.ts';
import type { EngineEvent } from './model.ts';
import { NetworkServices } from './network-service.ts';
import type { PluginService } from './plugin/plugin-port.ts';
import type { PruneService } from './prune-port.ts';
import type { EngineRehearsal, RehearsalStage } from './rehearsal.ts';
import type { OperationAccount, OperationRecord } from './rehearsal-port.ts';
import type { ContainerStatistics, StatisticsOptions } from './statistics/statistics-port.ts';
import type { SwarmService, SwarmStatus } from './swarm/swarm-port.ts';
import type { SystemInfo } from './system-port.ts';
import { ContainerVolumes } from './volume/container-volumes.ts';
import { type StoredVolume, VolumeTable } from './volume/volume-table.ts';
import { Volumes } from './volume/volumes.ts';

const appArmor = lateModule(() => import('./container/isolation/apparmor.ts'));
const commits = lateModule(() => import('./image/container-commit.ts'));
const builds = lateModule(() => import('./build/builds.ts'));
const remoteArchives = lateModule(() => import('./image/remote-archive.ts'));
const rehearsals = lateModule(() => import('./rehearsal.ts'));
const prunes = lateModule(() => import('./prunes.ts'));
const shutdowns = lateModule(() => import('./container/life/shutdown.ts'));
const statistics = lateModule(() => import('./statistics/statistics.ts'));
const archives = lateModule(() => import('./files/container-archives.ts'));

/** Seconds that the end of a machine waits for what its boot has begun to start. */
const BOOT_PATIENCE = 5;

/** What the engine cannot know by itself. */
export interface EngineSurroundings {
  /**
   * What containerd runs, ended tasks that were not deleted among it. containerd asks every shim for it: so it is asked
   * as soon as it can be reached, and answers while the engine is put together.
   */
  readonly tasks: Promise<readonly TaskProcess[]>;
  readonly info: () => Promise<Omit<SystemInfo, 'appArmor'>>;
  readonly operations: () => readonly OperationRecord[];
  readonly transcript: (id?: string) => Promise<readonly string[]>;
  readonly account: (id?: string) => Promise<OperationAccount>;
  readonly diagnosis: DiagnosisService;
  readonly map: () => Promise<MapService>;
  readonly buildKit: () => Promise<BuildKitService>;
  readonly plugins: () => Promise<PluginService>;
  readonly runningPlugins: (capability: string) => readonly string[];
  readonly swarm: () => Promise<SwarmService>;
  readonly swarmStatus: () => SwarmStatus;
  /** Go on with services, as soon as it is known what has become of their containers. */
  readonly resumeSwarm: () => Promise<void>;
  /** A stage of its own for each rehearsal. */
  readonly stage: () => Promise<RehearsalStage>;
}

/** The engine: everything that the API can ask for, on one set of stored containers. */
export class Engine implements EnginePort, AsyncDisposable {
  readonly containers: Containers;
  readonly files: () => Promise<FileService>;
  readonly images: Images;
  readonly networks: NetworkServices;
  readonly volumes: Volumes;
  readonly registries: Registries;
  readonly builds: () => Promise<BuildService>;
  readonly diagnosis: DiagnosisService;
  #prunes: PruneService | undefined;
  readonly map: () => Promise<MapService>;
  readonly buildKit: () => Promise<BuildKitService>;
  readonly plugins: () => Promise<PluginService>;
  readonly runningPlugins: (capability: string) => readonly string[];
  readonly swarm: () => Promise<SwarmService>;
  readonly swarmStatus: () => SwarmStatus;
  readonly #context: EngineContext;
  readonly #surroundings: EngineSurroundings;
  readonly #table: ContainerTable;
  readonly #containerVolumes: ContainerVolumes;
  readonly #lifecycle: Lifecycle;
  readonly #recovery: Recovery;
  readonly #autostart: Autostart;
  readonly #turns: ContainerTurns;
  readonly #stop = new AbortController();
  readonly #autostartStop = new AbortController();
  #resolvConf: Disposable | undefined;
  #networkKeeper: Disposable | undefined;
  /** See {@link leaveNothing}. */
  leavesNothing = false;
  /** What a start leaves to be done while the API answers already. */
  #rest: Promise<unknown> = Promise.resolve();

  constructor(context: EngineContext, table: ContainerTable, surroundings: EngineSurroundings) {
    const { network } = context;
    const links = new LegacyLinks(table, network);
    const files = new FileWriter(context.settings, network, links);
    this.volumes = new Volumes(context, new VolumeTable(context.store.collection<StoredVolume>('volume'), table));
    const volumes = new ContainerVolumes(context, table, this.volumes);
    const start = new ContainerStart(context, { table, files, links, volumes });
    const execs = new ExecTable(context, table);
    const turns = new ContainerTurns();
    const { logger, containerd } = context;
    const rewriteFiles = (id: string) => this.networks.rewriteFiles(id);
    const changes = new NotedChanges({ network, table, tasks: containerd.tasks, rewriteFiles, logger });
    this.#turns = turns;
    this.#context = context;
    this.#surroundings = surroundings;
    this.diagnosis = surroundings.diagnosis;
    this.map = surroundings.map;
    this.buildKit = surroundings.buildKit;
    this.plugins = surroundings.plugins;
    this.runningPlugins = surroundings.runningPlugins;
    this.swarm = surroundings.swarm;
    this.swarmStatus = surroundings.swarmStatus;
    this.#table = table;
    this.#containerVolumes = volumes;
    const lifecycle = new Lifecycle({ context, table, files, start, execs, volumes, turns });
    this.#lifecycle = lifecycle;
    this.#recovery = new Recovery({ context, table, start, lifecycle, turns, execs, changes, rewriteFiles });
    this.#autostart = new Autostart({
      table,
      logger: context.logger,
      start: (id) => this.#lifecycle.start(id),
      resume: (container) => this.#lifecycle.resume(container),
    });
    this.containers = new Containers({ context, table, lifecycle, execs, volumes, links, turns, changes });
    this.builds = async () => new (await builds()).Builds({ context, table, containers: this.containers, turns });
    this.files = async () => new (await archives()).ContainerArchives({ context, table, turns, volumes });
    this.images = context.images;
    this.registries = context.images.registries;
    this.networks = new NetworkServices({ ...context, table, files, links, turns, changes });
  }

  /**
   * Bring kernel, containerd and store together; to be called once, before anything else. Streams of containers and
   * insides of sandboxes follow one by one: whoever needs one waits for it in the turns of its container. Then what is
   * to run and does not is started.
   */
  async start(): Promise<void> {
    // Needed when the network is as it should be, and then at hand.
    const recorded = Promise.all([this.#recovery.recorded(), this.images.recover()]);
    recorded.catch(() => {});
    const told = await this.#surroundings.tasks;
    const tasks = await foundTasks(told, this.#table, {
      ask: (containerId) => this.#context.containerd.tasks.get({ containerId }).catch(() => undefined),
      lives: ({ id, state }) => isProcessOf(id, state.pid),
    });
    dropBuildContexts(this.#context.settings);
    dropMountPlaces(this.#context.settings, this.#context.fileSystems);
    dropMappedLayers(this.#context);
    const used = this.#recovery.usedSandboxes(tasks);
    this.#containerVolumes.adopt([...this.#table].filter(isAlive));
    const { network } = this.#context;
    const strangers = new Set<string>();
    const { compareSandboxes } = await network.start(({ id, owner }: Sandbox) => {
      if (!used.has(id) && this.#table.get(owner) === undefined) strangers.add(owner);
      return used.has(id);
    });
    // Nobody comes back for their addresses: they were steps of a build, or donors that have been removed.
    for (const owner of strangers) network.releaseLeases(owner);
    const [known] = await recorded;
    const adopt = await this.#recovery.run(tasks, known);
    await this.#containerVolumes.recover();
    this.#lifecycle.allowRestarts();
    const startRest = this.#autostart.plan();
    const starting = AbortSignal.any([this.#stop.signal, this.#autostartStop.signal]);
    this.#rest = Promise.all([
      adopt()
        .then(() => startRest(starting))
        .then(this.#surroundings.resumeSwarm),
      compareSandboxes(),
      clientsFirst().then(() => this.#watchHost()),
    ]);
    void clientsFirst().then(() => this.#followEvents());
    this.#resolvConf = watchHostResolvConf(() => void this.networks.followHostNames());
  }

  /** One for all: what is going on is known to it. */
  readonly prunes = async (): Promise<PruneService> => {
    const { Prunes } = await prunes();
    const { containers, images, networks, volumes, buildKit } = this;
    this.#prunes ??= new Prunes({ containers, images, networks, volumes, buildKit, events: this.#context.events });
    return this.#prunes;
  };

  async fetchArchive(source: string, signal: AbortSignal): Promise<RemoteArchive> {
    return await (await remoteArchives()).fetchArchive(source, { signal, proxies: this.#context.settings.proxies });
  }

  /** Make an image of a container. @returns its ID. */
  async commit(reference: string, options: CommitOptions): Promise<string> {
    const parts = { context: this.#context, table: this.#table, containers: this.containers };
    return await (await commits()).commitContainer(parts, reference, options);
  }

  /** What a container uses. @throws FairleadError `not-found`. */
  statistics(reference: string, options: StatisticsOptions): AsyncIterable<ContainerStatistics> {
    const { id } = this.#table.find(reference);
    return this.#readStatistics(id, options);
  }

  /** Events from the past and from now on. */
  events(options: {
    readonly since?: bigint;
    readonly until?: bigint;
    readonly signal: AbortSignal;
  }): AsyncIterable<EngineEvent> {
    return this.#context.events.read(options);
  }

  async info(): Promise<SystemInfo> {
    const { hostAppArmor } = await appArmor();
    return { ...(await this.#surroundings.info()), appArmor: hostAppArmor.isEnabled };
  }

  async rehearse(): Promise<EngineRehearsal> {
    const [{ EngineRehearsal: Rehearsal }, stage] = await Promise.all([rehearsals(), this.#surroundings.stage()]);
    return new Rehearsal(this.#context, this.containers.creation, stage);
  }

  operations(): readonly OperationRecord[] {
    return this.#surroundings.operations();
  }

  async transcript(id?: string): Promise<readonly string[]> {
    return await this.#surroundings.transcript(id);
  }

  async account(id?: string): Promise<OperationAccount> {
    return await this.#surroundings.account(id);
  }

  /** Let go of everything; the containers go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    // What does not end in time is completed or undone by the next start.
    await within(this.#turns.giveUpAll(), 1);
    this.#resolvConf?.[Symbol.dispose]();
    await this.#lifecycle.forbidRestarts();
    await this.#rest;
    this.#networkKeeper?.[Symbol.dispose]();
    await this.#lifecycle.release();
    dropMappedLayers(this.#context);
  }

  leaveNothing(): void {
    this.leavesNothing = true;
  }

  async stopForShutdown(): Promise<ShutdownReport> {
    const { logger, settings } = this.#context;
    // What a boot is still about to start would come after those that are stopped now.
    this.#autostartStop.abort();
    await within(this.#rest, BOOT_PATIENCE);
    const { stopForShutdown } = await shutdowns();
    const parts = { table: this.#table, termination: this.#lifecycle.termination, logger };
    const report = await stopForShutdown(parts, settings.shutdownTimeout());
    logger.info('containers stopped for a shutdown', { ...report });
    return report;
  }

  async *#readStatistics(id: string, options: StatisticsOptions): AsyncGenerator<ContainerStatistics> {
    const { Statistics } = await statistics();
    yield* new Statistics(this.#context, this.#table).read(id, options);
  }

  /** A kernel that does not tell of losses has them repaired with the next start. */
  async #watchHost(): Promise<void> {
    const { network, logger, settings } = this.#context;
    try {
      this.#networkKeeper = await network.watchHost(settings.selfRepair);
    } catch (error) {
      logger.error('what others do to the network is not noticed', { error: messageOf(error) });
    }
  }

  async #followEvents(): Promise<void> {
    try {
      for await (const event of this.#context.containerd.events({ signal: this.#stop.signal })) {
        if (event.kind === 'out-of-memory') this.#lifecycle.noteOutOfMemory(event.containerId);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#context.logger.error('containerd events lost', { error: messageOf(error) });
    }
  }
}
