import { setImmediate as turn } from 'node:timers/promises';
import { FairleadError, type IdentityMapping, isUnavailable, lateModule, messageOf, usualModule } from '@fairlead/base';
import type { Sandbox } from '@fairlead/network';
import type { SnapshotMount } from '@fairlead/runtime';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import type { ContainerVolumes } from '../../volume/container-volumes.ts';
import type { ContainerTable } from '../container-table.ts';
import { type ContainerFiles, containerFiles, type FileWriter } from '../file/container-files.ts';
import { SharedMemory } from '../isolation/shared-memory.ts';
import { identitiesOf, requireSameUsers, rootOf } from '../isolation/user-namespace.ts';
import { makeBindSources, requirePropagation } from '../mount/mount-plan.ts';
import type { LegacyLinks } from '../network/legacy-links.ts';
import { hostnameOf, type NetworkPlan } from '../network/network-plan.ts';
import { ContainerStreams, type Started } from '../process/container-streams.ts';
import { ContainerTasks, StartError } from './container-tasks.ts';
import { SandboxStart } from './sandbox-start.ts';

const runtimeSpec = usualModule(() => import('@fairlead/runtime/spec'));
const appArmor = usualModule(() => import('../isolation/apparmor.ts'));
const isolation = lateModule(() => import('../isolation/isolation.ts'));
const mappedLayers = lateModule(() => import('../../files/mapped-layers.ts'));

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
  readonly streams: ContainerStreams;
  readonly tasks: ContainerTasks;
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #files: FileWriter;
  readonly #links: LegacyLinks;
  readonly #volumes: ContainerVolumes;
  readonly #sandboxes: SandboxStart;

  constructor(context: EngineContext, { table, files, links, volumes }: StartParts) {
    this.#context = context;
    this.streams = new ContainerStreams(context);
    this.sharedMemory = new SharedMemory(context.settings, context.fileSystems);
    this.tasks = new ContainerTasks({ context, table, links, sharedMemory: this.sharedMemory });
    this.#table = table;
    this.#files = files;
    this.#links = links;
    this.#volumes = volumes;
    this.#sandboxes = new SandboxStart({ context, table, links });
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
        await this.#quietly(id, 'lost task not ended', () => this.tasks.endLost(container));
      }
      const failure = error instanceof StartError ? (await runtimeSpec()).startFailureOf(error.cause) : undefined;
      const message = failure?.message ?? messageOf(error);
      this.#table.setState(id, { exitCode: failure?.exitCode ?? 128, error: message });
      throw failure === undefined ? error : new FairleadError(failure.code, message, { cause: error });
    } finally {
      this.#sandboxes.done(id);
    }
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
    using sources = await this.#volumes.hold(container, signal);
    undo.defer(() => this.sharedMemory.close(id));
    await this.sharedMemory.open(container, rootOf(identities));
    const sandbox = await this.#sandboxes.open(container, plan);
    undo.defer(() => this.#quietly(id, 'sandbox not closed', () => this.leaveSandbox({ id, sandbox: sandbox.id })));
    requireSameUsers(container.config, sandbox, identities, this.#table);
    const appArmorProfile = await requireAppArmorProfile(container);
    await this.#grantRealtime(container);
    const { appArmorProfile: _, ...former } = this.#table.find(id);
    this.#table.put({ ...former, sandbox: sandbox.id, ...(appArmorProfile && { appArmorProfile }) });
    const files = this.#writeFiles(container, plan, sandbox);
    using owner = identities && this.#context.openOwner(sandbox.namespace);
    const userNamespace = identities && owner && { path: owner.path, identities };
    const parts = { container, plan, sandbox, files, sources, mounts: await mounts, userNamespace, appArmorProfile };
    const record = await this.tasks.describe(parts);
    undo.defer(() => this.#quietly(id, 'task not destroyed', () => this.tasks.destroy(id)));
    await this.tasks.record(record);
    const creating = this.tasks.create(parts, started);
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
    const pid = await this.tasks.start(container, started);
    const state = { pid, exitCode: 0, error: '', oomKilled: false, startedAt: Date.now() };
    this.#table.setState(id, { status: 'running', ...state });
    for (const other of this.#links.linkersOf(container)) this.#files.update(other, hostnameOf(other, this.#table));
    undo.move();
  }

  async #grantRealtime({ config }: Container): Promise<void> {
    const { realtime, cgroupParent } = this.#context.settings;
    if (realtime === undefined) return;
    const { grantRealtime } = await runtimeSpec();
    grantRealtime(config.host.cgroupParent || cgroupParent, realtime);
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

  async #quietly(id: string, message: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.logger.warn(message, { id, error: messageOf(error) });
    }
  }
}

/** Have the kernel know the profile of a container that starts. @returns its name, if it has one. */
async function requireAppArmorProfile({ config }: Container): Promise<string | undefined> {
  const { appArmorRequest } = await isolation();
  const { hostAppArmor } = await appArmor();
  const profile = hostAppArmor.profileOf(appArmorRequest(config));
  await hostAppArmor.require(profile);
  return profile;
}

/** Wait for both even when one fails: what the other did has to be taken back too. */
async function bothSettled<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return await Promise.all([a, b]);
}
