import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as endOfTurn, setTimeout as sleep } from 'node:timers/promises';
import { KeyedMutex, messageOf } from '@fairlead/base';
import { clientsFirst, isGatewayService } from '@fairlead/network';
import { heldPaths, removeCgroup, streamPaths, type TaskProcess } from '@fairlead/runtime';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import { awaitsContent } from '../../volume/mount-settlement.ts';
import { ownerOfView } from '../../volume/mounted-images.ts';
import type { NotedChanges } from '../configuration/noted-changes.ts';
import { ignoreMissing, isAlive } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import type { ExecTable } from '../exec/exec-table.ts';
import { followLostExecs } from '../exec/lost-execs.ts';
import { containerFiles } from '../file/container-files.ts';
import type { Started } from '../process/container-streams.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ContainerStart } from './start.ts';

/** What Docker records for a container whose end nobody saw. */
const UNKNOWN_EXIT = 255;
const SIGKILL = 9;
/**
 * Milliseconds after which nothing of a start that was cut off can turn up any more: a task takes about 40, and
 * containerd 1.6 about 2,100 to take away what it made for a client that is gone.
 */
const LATE_TASK_MS = 3000;
const LOOK_AGAIN_MS = 50;
/** Milliseconds that a container may run before it is noted that it does. */
const NOTING_MS = 1000;

/** What containerd has recorded when a start asks for it. */
export interface Recorded {
  /** Keys of the layers that containers have, which are their IDs, and of the images that they mount. */
  readonly layers: ReadonlySet<string>;
  /** Ids of its records of containers, which tasks are made from. */
  readonly records: readonly string[];
}

/** The first processes of all containers, by container id. */
export type TasksById = ReadonlyMap<string, TaskProcess>;

/**
 * Brings containers and what is said of them together again after a restart of the daemon, of containerd, or of the
 * machine: what runs is taken up, what ended meanwhile is recorded, what was being made, started or removed is undone or
 * finished.
 */
export class Recovery {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #start: ContainerStart;
  readonly #lifecycle: Lifecycle;
  readonly #turns: KeyedMutex;
  readonly #execs: Pick<ExecTable, 'of'>;
  readonly #changes: Pick<NotedChanges, 'finish'>;
  readonly #rewriteFiles: (id: string) => void;

  constructor(parts: {
    readonly context: EngineContext;
    readonly table: ContainerTable;
    readonly start: ContainerStart;
    readonly lifecycle: Lifecycle;
    /** Whose turn it is, by container id. */
    readonly turns: KeyedMutex;
    /** What clients have started since the API answers. */
    readonly execs: Pick<ExecTable, 'of'>;
    readonly changes: Pick<NotedChanges, 'finish'>;
    /** Tells a running container in its files which networks it is on. */
    readonly rewriteFiles: (id: string) => void;
  }) {
    this.#changes = parts.changes;
    this.#rewriteFiles = parts.rewriteFiles;
    this.#execs = parts.execs;
    this.#turns = parts.turns;
    this.#context = parts.context;
    this.#table = parts.table;
    this.#start = parts.start;
    this.#lifecycle = parts.lifecycle;
  }

  /** What containerd has recorded. Asks at once; it answers while the network is compared. */
  async recorded(): Promise<Recorded> {
    const [records, all] = await Promise.all([this.#records(), this.#context.containerd.snapshots.list()]);
    const layers = all.filter(({ kind }) => kind === 'active' || kind === 'view').map(({ key }) => key);
    return { layers: new Set(layers), records };
  }

  async #records(): Promise<readonly string[]> {
    return (await this.#context.containerd.containers.list()).map(({ id }) => id);
  }

  /** Ids of the sandboxes in which a container lives. */
  usedSandboxes(tasks: TasksById): ReadonlySet<string> {
    const used = new Set<string>();
    for (const container of this.#table) {
      if (container.isBuildStep) continue;
      if (container.sandbox !== undefined && lives(container, tasks.get(container.id))) used.add(container.sandbox);
    }
    return used;
  }

  /**
   * Go through all containers; the network has been reconciled before.
   *
   * @returns how to go on with those that live: each is taken up in a turn of its own that is asked for at once, so
   * whoever wants something of one waits for that one only. Never rejects.
   */
  async run(tasks: TasksById, recorded: Recorded): Promise<() => Promise<void>> {
    const living = [...this.#table].filter((container) => this.#noteLife(container, tasks.get(container.id)));
    const others = [...this.#table].filter(({ id }) => !living.some((container) => container.id === id));
    await Promise.all(
      others.map((container) =>
        this.#tell(container.id, () =>
          this.#recover(container, tasks.get(container.id), recorded.layers.has(container.id)),
        ),
      ),
    );
    await this.#dropStrangers(tasks);
    // What was ended or undone above has no record any more.
    const isUntouched = others.length === 0 && tasks.size === living.length;
    this.#dropRecords(isUntouched ? recorded.records : await this.#records());
    await this.#dropLayers(recorded.layers);
    await this.#dropFiles();
    this.#finishChanges(others);
    return () => this.#adoptAll(living.map(({ id }) => id));
  }

  /** Those that do not live are not taken up; their changes are finished all the same, in turns that are asked for at once. */
  #finishChanges(containers: readonly Container[]): void {
    const finish = (id: string) =>
      this.#tell(id, async () => {
        const container = this.#table.get(id);
        if (container !== undefined) await this.#changes.finish(container);
      });
    for (const { id, noted } of containers) if (noted !== undefined) void this.#turns.run(id, () => finish(id));
  }

  /** Its build ended with the daemon that was killed, whatever it is doing. */
  async #dropBuildStep({ id }: Container, task: TaskProcess | undefined): Promise<void> {
    if (task !== undefined) await this.#destroy(id);
    this.#table.setState(id, { status: 'exited', pid: 0 });
    await this.#lifecycle.termination.finishRemoval(id);
  }

  /** What does not live any more. */
  async #recover(container: Container, task: TaskProcess | undefined, hasLayer: boolean): Promise<void> {
    const { id, state } = container;
    if (container.isBuildStep) return await this.#dropBuildStep(container, task);
    if (isAlive(container)) return await this.#recordEnd(container, task);
    // A start or the clean-up after an end was interrupted: nothing of it counts.
    if (task !== undefined) await this.#destroy(id);
    // It was being made, or should have gone when it ended; nobody goes on with a build.
    const isHalfMade = state.status === 'created' && (!hasLayer || awaitsContent(container));
    const mustGo = state.status === 'removing' || state.status === 'dead' || container.config.host.autoRemove;
    if (isHalfMade || mustGo) await this.#lifecycle.termination.finishRemoval(id);
  }

  /** Record what a container that lives is at. @returns false when it does not live. */
  #noteLife(container: Container, task: TaskProcess | undefined): boolean {
    if (!lives(container, task) || container.isBuildStep) return false;
    const status = task.state === 'paused' || task.state === 'pausing' ? 'paused' : 'running';
    if (container.state.status !== status || container.state.pid !== task.pid) {
      this.#table.setState(container.id, { status, pid: task.pid });
    }
    return true;
  }

  /** All turns are asked for before this returns. One at a time, with room for everything else in between. */
  async #adoptAll(ids: readonly string[]): Promise<void> {
    const pace = new KeyedMutex();
    void pace.run('adopt', clientsFirst);
    const adopt = async (id: string) => {
      await endOfTurn();
      await this.#tell(id, () => this.#adopt(this.#table.find(id)));
    };
    await Promise.all(ids.map((id) => this.#turns.run(id, () => pace.run('adopt', () => adopt(id)))));
  }

  async #adopt(container: Container): Promise<void> {
    const started = await this.#reopen(container);
    started.process.started();
    this.#lifecycle.adopt(container.id, started);
    await this.#leaveUnjoined(container);
    await this.#changes.finish(this.#table.find(container.id));
    const { settings, containerd, logger } = this.#context;
    const { pipes } = containerFiles(settings, container.id);
    const own = this.#execs.of(container.id);
    followLostExecs({ pipes, containerId: container.id, own }, containerd.tasks, logger);
  }

  /** It leaves what it was about to join or to leave when the engine ended. */
  async #leaveUnjoined({ id, sandbox, config }: Container): Promise<void> {
    const { network } = this.#context;
    const endpoints = network.endpointsIn(sandbox ?? '').filter(({ owner }) => owner === id);
    if (endpoints.length <= config.networks.length) return;
    const joined = new Set(config.networks.map(({ network: reference }) => network.findNetwork(reference).id));
    const astray = endpoints.filter(({ network: of }) => {
      return !joined.has(of) && !isGatewayService({ network: network.findNetwork(of) });
    });
    for (const endpoint of astray) await network.leave(endpoint);
    if (astray.length > 0) this.#rewriteFiles(id);
  }

  /** One container that cannot be recovered does not keep the others from it. */
  async #tell(id: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.logger.error('container not recovered', { id, error: messageOf(error) });
    }
  }

  /** A container goes on being looked after although its pipes, and with them its output, are lost. */
  async #reopen(container: Container): Promise<Started> {
    try {
      return await this.#start.streams.reopen(container);
    } catch (error) {
      this.#context.logger.error('output lost', { id: container.id, error: messageOf(error) });
      return await this.#start.streams.open(container);
    }
  }

  async #recordEnd(container: Container, task: TaskProcess | undefined): Promise<void> {
    await this.#readRest(container);
    const { exit } = task ?? {};
    // Noted of an earlier run, it is not the end of this one.
    const isKnown = exit !== undefined && exit.exitedAt.getTime() > (container.state.startedAt ?? 0) - NOTING_MS;
    if (!isKnown) return await this.#lifecycle.recordLoss(container.id, { exitCode: UNKNOWN_EXIT });
    const { code, exitedAt } = exit;
    await this.#lifecycle.recordExit(container.id, { exitCode: code }, exitedAt.getTime());
  }

  /** What a container wrote before it ended is still in its pipes: the process beside us held them open. */
  async #readRest(container: Container): Promise<void> {
    try {
      const started = await this.#start.streams.reopenOutput(container);
      await started.process.io.drain();
      await started.close();
    } catch (error) {
      this.#context.logger.warn('last output lost', { id: container.id, error: messageOf(error) });
    }
  }

  async #destroy(id: string): Promise<void> {
    const { tasks, containers } = this.#context.containerd;
    await tasks.kill({ containerId: id }, SIGKILL, { all: true }).catch(ignoreMissing);
    await tasks.wait({ containerId: id }).catch(ignoreMissing);
    await tasks.delete({ containerId: id }).catch(ignoreMissing);
    await containers.delete(id).catch(ignoreMissing);
  }

  /** Tasks that belong to no container: left by a removal or a creation that was cut off. */
  async #dropStrangers(tasks: TasksById): Promise<void> {
    const strangers = [...tasks.keys()].filter((id) => this.#table.get(id) === undefined);
    await Promise.all(strangers.map((id) => this.#attempt(id, () => this.#destroy(id))));
  }

  /** Records of containers that do not live. Not waited for, except by those who want to start or remove such a container. */
  #dropRecords(records: readonly string[]): void {
    for (const id of records) {
      const container = this.#table.get(id);
      if (container !== undefined && isAlive(container)) continue;
      void this.#turns.run(id, () => this.#attempt(id, () => this.#dropRecord(id)));
    }
  }

  /** Layers that belong to no container. */
  async #dropLayers(layers: ReadonlySet<string>): Promise<void> {
    const ownerOf = (key: string) => (/^[0-9a-f]{64}$/.test(key) ? key : ownerOfView(key));
    const orphans = [...layers].filter((key) => {
      const owner = ownerOf(key);
      return owner !== undefined && this.#table.get(owner) === undefined;
    });
    const { snapshots } = this.#context.containerd;
    await Promise.all(orphans.map((key) => this.#attempt(key, () => snapshots.remove(key))));
  }

  /** A start was cut off. containerd may still be at it: a task that was asked for can turn up yet. */
  async #dropRecord(id: string): Promise<void> {
    const { containers, tasks } = this.#context.containerd;
    const deadline = performance.now() + LATE_TASK_MS;
    do {
      const task = await tasks.get({ containerId: id }).catch(ignoreMissing);
      if (task !== undefined) return await this.#destroy(id);
      await sleep(LOOK_AGAIN_MS);
    } while (performance.now() < deadline);
    // One whose deletion was cut off is not told of any more, and yet would be in the way of the next.
    await tasks.delete({ containerId: id }).catch(ignoreMissing);
    if (await this.#context.containerd.endLostShim(id)) this.#context.logger.warn('lost task ended', { id });
    await containers.delete(id);
    const own = this.#table.get(id)?.config.host.cgroupParent;
    const placement = { containerId: id, parent: own || this.#context.settings.cgroupParent };
    if (!(await removeCgroup(placement))) this.#context.logger.warn('control group left', { id });
  }

  /** Pipes of containers that do not run, and everything of those that are no more. */
  async #dropFiles(): Promise<void> {
    const { settings, keeper } = this.#context;
    const known = (id: string) => this.#table.get(id);
    for (const id of namesIn(join(settings.execRoot, 'io'))) {
      const container = known(id);
      if (container !== undefined && isAlive(container)) continue;
      const { pipes } = containerFiles(settings, id);
      const paths = streamPaths({ directory: pipes, stdin: false, terminal: false });
      const held = heldPaths(paths, true).map((path) => keeper.release(path));
      await this.#attempt(id, () => Promise.all(held));
      rmSync(pipes, { recursive: true, force: true });
    }
    this.#start.sharedMemory.closeOthers((id) => {
      const container = known(id);
      return container !== undefined && isAlive(container);
    });
    for (const id of namesIn(join(settings.dataRoot, 'containers'))) {
      if (known(id) === undefined) rmSync(containerFiles(settings, id).directory, { recursive: true, force: true });
    }
  }

  /** One thing that cannot be put right does not keep the rest from it. */
  async #attempt(id: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work().catch(ignoreMissing);
    } catch (error) {
      this.#context.logger.error('leftover not removed', { id, error: messageOf(error) });
    }
  }
}

function lives(container: Container, task: TaskProcess | undefined): task is TaskProcess {
  return isAlive(container) && task !== undefined && task.state !== 'stopped';
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
