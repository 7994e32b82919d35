import { setImmediate as turn } from 'node:timers/promises';
import { FairleadError, type IdentityMapping, isConflict, isUnavailable, lateModule, messageOf } from '@fairlead/base';
import type { Sandbox } from '@fairlead/network';
import {
  type ContainerDescription,
  type ExitStatus,
  ProcessStreams,
  removeCgroup,
  type SnapshotMount,
} from '@fairlead/runtime';
import type { EngineContext } from '../../context.ts';
import type { LogWriter } from '../../log/log-writer.ts';
import type { Container } from '../../model.ts';
import type { ContainerVolumes } from '../../volume/container-volumes.ts';
import type { VolumeSources } from '../../volume/volume-sources.ts';
import { ignoreMissing } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import { type ContainerFiles, containerFiles, type FileWriter } from '../file/container-files.ts';
import { readRootfsFile } from '../file/rootfs-file.ts';
import { SharedMemory } from '../isolation/shared-memory.ts';
import { identitiesOf, requireSameUsers, rootOf } from '../isolation/user-namespace.ts';
import { containerMounts, makeBindSources, requirePropagation } from '../mount/mount-plan.ts';
import { wantsRecursiveReadOnly } from '../mount/read-only-mount.ts';
import type { LegacyLinks } from '../network/legacy-links.ts';
import { hostnameOf, type NetworkPlan } from '../network/network-plan.ts';
import type { ContainerLog } from '../process/container-log.ts';
import { containerPipes } from '../process/container-pipes.ts';
import { findInit } from '../process/init-program.ts';
import { RunningProcess } from '../process/running.ts';
import { SandboxStart } from './sandbox-start.ts';

const runtimeSpec = lateModule(() => import('@fairlead/runtime/spec'));
const containerLog = lateModule(() => import('../process/container-log.ts'));
const appArmor = lateModule(() => import('../isolation/apparmor.ts'));
const isolation = lateModule(() => import('../isolation/isolation.ts'));
const mappedLayers = lateModule(() => import('../../files/mapped-layers.ts'));
const description = lateModule(() => import('../process/description.ts'));

const SIGKILL = 9;

/** A container's process with its log. */
export interface Started {
  readonly process: RunningProcess;
  readonly log: LogWriter | undefined;
  readonly streams: ProcessStreams;
  /** Why it cannot be started: its log has nowhere to go. Who attaches before the start is let in all the same. */
  readonly refusal?: unknown;
  /** Write and send what is left of the log. */
  closeLog(): Promise<void>;
  /** Close streams and log, remove the pipes. */
  close(): Promise<void>;
}

/** What {@link ContainerStart} works with. */
export interface StartParts {
  readonly table: ContainerTable;
  readonly files: FileWriter;
  readonly links: LegacyLinks;
  readonly volumes: ContainerVolumes;
}

/** The steps from a created container to a running one, each with its way back. */
export class ContainerStart {
  readonly sharedMemory: SharedMemory;
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #files: FileWriter;
  readonly #links: LegacyLinks;
  readonly #volumes: ContainerVolumes;
  readonly #sandboxes: SandboxStart;

  constructor(context: EngineContext, { table, files, links, volumes }: StartParts) {
    this.#context = context;
    this.sharedMemory = new SharedMemory(context.settings, context.fileSystems);
    this.#table = table;
    this.#files = files;
    this.#links = links;
    this.#volumes = volumes;
    this.#sandboxes = new SandboxStart({ context, table, links });
  }

  /** Make the pipes of a container and begin to read them; nothing comes before {@link run}. */
  async openStreams(container: Container): Promise<Started> {
    const { layout, calls } = containerPipes(container, this.#context);
    const started = await this.#follow(container, await ProcessStreams.create(layout, calls), true);
    const [rows, columns] = consoleSize(container);
    if (rows > 0 && columns > 0) await started.process.resize(rows, columns);
    return started;
  }

  /** Open the pipes of a container that runs already. */
  async reopenStreams(container: Container): Promise<Started> {
    const { layout, calls } = containerPipes(container, this.#context);
    return await this.#follow(container, await ProcessStreams.reopen(layout, calls));
  }

  /** Open the pipes that an ended container has left, for its last output. */
  async reopenOutput(container: Container): Promise<Started> {
    const { layout, calls } = containerPipes(container, this.#context);
    return await this.#follow(container, await ProcessStreams.reopen({ ...layout, stdin: false }, calls));
  }

  /**
   * Start the process; the network is built while containerd creates the task.
   *
   * @param signal gives up a start that waits for addresses of a LAN or for a plugin.
   * @throws FairleadError in Docker's words; everything is taken back and the reason is kept in the container's state.
   */
  async run(container: Container, started: Started, signal: AbortSignal): Promise<void> {
    const { id, name } = container;
    try {
      await this.#context.operation(`start ${name}`, () => this.#run(container, started, signal));
    } catch (error) {
      await this.#quietly(id, 'streams not closed', () => started.close());
      if (error instanceof StartError && isUnavailable(error.cause)) {
        await this.#quietly(id, 'lost task not ended', () => this.#forgetLostTask(container));
      }
      const failure = error instanceof StartError ? (await runtimeSpec()).startFailureOf(error.cause) : undefined;
      const message = failure?.message ?? messageOf(error);
      this.#table.setState(id, { exitCode: failure?.exitCode ?? 128, error: message });
      throw failure === undefined ? error : new FairleadError(failure.code, message, { cause: error });
    } finally {
      this.#sandboxes.done(id);
    }
  }

  /** Remove an ended task and its record. @returns how it ended; `undefined` when there was none. */
  async discardTask(id: string): Promise<ExitStatus | undefined> {
    const { tasks, containers } = this.#context.containerd;
    const status = await tasks.delete({ containerId: id }).catch((error) => {
      ignoreMissing(error);
      return undefined;
    });
    await containers.delete(id).catch(ignoreMissing);
    return status;
  }

  /** The container needs its sandbox no longer; see {@link SandboxStart.leave}. */
  async leaveSandbox(container: Pick<Container, 'id' | 'sandbox'>): Promise<void> {
    await this.#sandboxes.leave(container);
  }

  async #run(container: Container, started: Started, signal: AbortSignal): Promise<void> {
    if (started.refusal !== undefined) throw started.refusal;
    await using undo = new AsyncDisposableStack();
    const { id } = container;
    const plan = await this.#sandboxes.plan(container);
    const identities = identitiesOf(container.config, this.#context.settings);
    const mounts = this.#layers(id, identities);
    // Not awaited yet: it must not count as unhandled when something else fails first.
    mounts.catch(() => {});
    makeBindSources(container.config, rootOf(identities));
    requirePropagation(container.config);
    undo.defer(() => this.#quietly(id, 'volumes not released', () => this.#volumes.release(container)));
    using sources = await this.#volumes.hold(container);
    undo.defer(() => this.sharedMemory.close(id));
    await this.sharedMemory.open(container, rootOf(identities));
    const sandbox = await this.#sandboxes.open(container, plan);
    undo.defer(() => this.#quietly(id, 'sandbox not closed', () => this.leaveSandbox({ id, sandbox: sandbox.id })));
    requireSameUsers(container.config, sandbox, identities, this.#table);
    const appArmorProfile = await requireAppArmorProfile(container);
    const { appArmorProfile: _, ...former } = this.#table.find(id);
    this.#table.put({ ...former, sandbox: sandbox.id, ...(appArmorProfile && { appArmorProfile }) });
    const files = this.#writeFiles(container, plan, sandbox);
    using owner = identities && this.#context.openOwner(sandbox.namespace);
    const userNamespace = identities && owner && { path: owner.path, identities };
    const parts = { container, plan, sandbox, files, sources, mounts: await mounts, userNamespace, appArmorProfile };
    await this.#recordContainer(parts, undo);
    const creating = this.#createTask(parts, started);
    // It is awaited with the network; until then its failure must not count as unhandled.
    creating.catch(() => {});
    // The request is on its way before the network keeps this thread busy.
    await turn();
    const [endpoints] = await bothSettled(this.#sandboxes.join(sandbox, plan, signal), creating);
    if (plan.mode !== 'shared') {
      this.#files.writeHosts(container, plan.hostname, endpoints);
      const networks = plan.requests.map((request) => request.network);
      this.#files.writeSearch(container, networks, endpoints);
    }
    const pid = await this.#startTask(container, started);
    const state = { pid, exitCode: 0, error: '', oomKilled: false, startedAt: Date.now() };
    this.#table.setState(id, { status: 'running', ...state });
    for (const other of this.#links.linkersOf(container)) this.#files.update(other, hostnameOf(other, this.#table));
    undo.move();
  }

  async #layers(id: string, identities: IdentityMapping | undefined): Promise<SnapshotMount[]> {
    const layers = await this.#context.containerd.snapshots.mounts(id);
    return identities === undefined ? layers : (await mappedLayers()).mapLayers(this.#context, layers, identities);
  }

  /** @returns the files that the container gets: its own, or those of the container whose network it shares. */
  #writeFiles(container: Container, plan: NetworkPlan, sandbox: Sandbox): ContainerFiles {
    if (plan.mode === 'shared') return containerFiles(this.#context.settings, sandbox.owner);
    const networks = plan.requests.map(({ network }) => network);
    return this.#files.create(container, plan.hostname, networks);
  }

  /** What the task will be created from. A record that an earlier start left is replaced. */
  async #recordContainer(parts: TaskParts, undo: AsyncDisposableStack): Promise<void> {
    const { containerd, host, settings } = this.#context;
    const { id, config } = parts.container;
    const { containerSpec } = await runtimeSpec();
    const spec = containerSpec(await this.#describe(parts), host);
    const ioOwner = rootOf(parts.userNamespace?.identities);
    const runtime = { ...settings.runtime, ...(ioOwner && { ioOwner }) };
    const record = { id, spec, snapshotKey: id, image: config.image, runtime };
    undo.defer(() => this.#quietly(id, 'task not destroyed', () => this.#destroyTask(id)));
    try {
      await containerd.containers.create(record);
    } catch (error) {
      if (!isConflict(error)) throw error;
      await containerd.containers.delete(id);
      await containerd.containers.create(record);
    }
  }

  async #createTask({ container, mounts }: TaskParts, { streams, process }: Started): Promise<void> {
    const { id, config } = container;
    try {
      await this.#context.containerd.tasks.create({ containerId: id, rootfs: mounts, streams, terminal: config.tty });
      await process.created();
    } catch (error) {
      throw new StartError(error);
    }
  }

  /** What is wrong with a container's own configuration is, to Docker, no fault of the request to start it. */
  async #describe(parts: TaskParts): Promise<ContainerDescription> {
    const { container, plan, sandbox, files, sources, mounts, userNamespace, appArmorProfile } = parts;
    const { describeContainer } = await description();
    const { namespacePath, settings } = this.#context;
    const { cgroupParent } = settings;
    const networkNamespace = sandbox.namespace === '' ? undefined : namespacePath(sandbox.namespace);
    const rootfsFile = (path: string) => readRootfsFile(mounts, path);
    const sourceOf: VolumeSources['of'] = (mount) => sources.of(mount);
    const { hostname } = plan;
    try {
      const variables = settings.legacyLinkVariables === true ? this.#links.variables(container) : [];
      const linked = variables.length > 0 ? { ...container, env: [...variables, ...container.env] } : container;
      const sharedMemoryOf = (id: string) => this.sharedMemory.path(id);
      const places = { networkNamespace, files, cgroupParent, sourceOf, rootfsFile, sharedMemoryOf, findInit };
      const recursiveReadOnlyFault = await this.#recursiveReadOnlyFault(container);
      const source = { container: linked, hostname, userNamespace, appArmorProfile, recursiveReadOnlyFault, ...places };
      return describeContainer({ ...source, table: this.#table });
    } catch (error) {
      throw new FairleadError('internal', messageOf(error), { cause: error });
    }
  }

  /** The runtime is asked only for who wants that of it. */
  async #recursiveReadOnlyFault(container: Container): Promise<string | undefined> {
    const { host } = container.config;
    if (!containerMounts(container).some((mount) => wantsRecursiveReadOnly(mount, host))) return undefined;
    const { recursiveReadOnlyFault } = await runtimeSpec();
    return await recursiveReadOnlyFault(this.#context.settings.runtime.binary ?? 'runc');
  }

  async #startTask({ id }: Container, started: Started): Promise<number> {
    try {
      const pid = await this.#context.containerd.tasks.start({ containerId: id });
      started.process.started();
      return pid;
    } catch (error) {
      throw new StartError(error);
    }
  }

  async #destroyTask(id: string): Promise<void> {
    const { tasks } = this.#context.containerd;
    try {
      await tasks.kill({ containerId: id }, SIGKILL, { all: true });
      await tasks.wait({ containerId: id });
    } catch (error) {
      ignoreMissing(error);
    }
    await this.discardTask(id);
  }

  /** A containerd that was killed while it made a task may know nothing of it, and yet shim and runtime are at it. */
  async #forgetLostTask({ id, config }: Container): Promise<void> {
    await this.#context.containerd.endLostShim(id);
    await removeCgroup({ containerId: id, parent: config.host.cgroupParent || this.#context.settings.cgroupParent });
  }

  async #quietly(id: string, message: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.logger.warn(message, { id, error: messageOf(error) });
    }
  }

  async #follow(container: Container, streams: ProcessStreams, isNew = false): Promise<Started> {
    try {
      return await this.#connect(container, streams, isNew);
    } catch (error) {
      streams.release();
      throw error;
    }
  }

  async #connect(container: Container, streams: ProcessStreams, isNew: boolean): Promise<Started> {
    const { containerd, keeper } = this.#context;
    const { config } = container;
    await Promise.all(streams.heldPaths.map((path) => keeper.hold(path)));
    const { log, refusal } = await this.#openLog(container, streams, isNew);
    const process = new RunningProcess(containerd.tasks, { containerId: container.id }, streams, {
      tty: config.tty,
      sink: (chunk, letGo) => log.write(chunk, letGo),
    });
    const close = async () => {
      process.dispose();
      await Promise.all([log.close(), ...streams.heldPaths.map((path) => keeper.release(path))]);
      // The log had a file in it.
      streams.removeDirectory();
    };
    return { process, log: log.writer, streams, refusal, closeLog: () => log.close(), close };
  }

  async #openLog(
    container: Container,
    streams: ProcessStreams,
    isNew: boolean,
  ): Promise<{ readonly log: ContainerLog; readonly refusal?: unknown }> {
    const { noLog, openContainerLog } = await containerLog();
    try {
      return { log: await openContainerLog(container, this.#context, { left: streams.left(), isNew }) };
    } catch (refusal) {
      if (!isNew) throw refusal;
      return { log: noLog, refusal };
    }
  }
}

/** Everything that the runtime's task is made from. */
interface TaskParts {
  readonly container: Container;
  readonly plan: NetworkPlan;
  readonly sandbox: Sandbox;
  readonly files: ContainerFiles;
  readonly sources: VolumeSources;
  readonly mounts: readonly SnapshotMount[];
  readonly userNamespace: ContainerDescription['userNamespace'];
  readonly appArmorProfile: string | undefined;
}

/** Have the kernel know the profile of a container that starts. @returns its name, if it has one. */
async function requireAppArmorProfile({ config }: Container): Promise<string | undefined> {
  const { appArmorRequest } = await isolation();
  const { hostAppArmor } = await appArmor();
  const profile = hostAppArmor.profileOf(appArmorRequest(config));
  await hostAppArmor.require(profile);
  return profile;
}

/** The runtime did not start the process: the cause is to be put into Docker's words. */
class StartError extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** Rows and columns that a client has said its terminal has; 0 when it has not (`HostConfig.ConsoleSize`). */
function consoleSize({ config }: Container): readonly [rows: number, columns: number] {
  const size = config.tty ? config.other.host['ConsoleSize'] : undefined;
  const side = (index: number) => (Array.isArray(size) && typeof size[index] === 'number' ? size[index] : 0);
  return [side(0), side(1)];
}

/** Wait for both even when one fails: what the other did has to be taken back too. */
async function bothSettled<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return await Promise.all([a, b]);
}
