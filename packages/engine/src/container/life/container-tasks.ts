import { FairleadError, isConflict, lateModule, messageOf, usualModule } from '@fairlead/base';
import type { Sandbox } from '@fairlead/network';
import {
  type ContainerDescription,
  type ExitStatus,
  type NewContainer,
  removeCgroup,
  type SnapshotMount,
} from '@fairlead/runtime';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import type { VolumeSources } from '../../volume/volume-sources.ts';
import { ignoreMissing } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import type { ContainerFiles } from '../file/container-files.ts';
import { readRootfsFile } from '../file/rootfs-file.ts';
import type { SharedMemory } from '../isolation/shared-memory.ts';
import { rootOf } from '../isolation/user-namespace.ts';
import { containerMounts } from '../mount/mount-plan.ts';
import { wantsRecursiveReadOnly } from '../mount/read-only-mount.ts';
import type { LegacyLinks } from '../network/legacy-links.ts';
import type { NetworkPlan } from '../network/network-plan.ts';
import type { Started } from '../process/container-streams.ts';
import { findInit } from '../process/init-program.ts';
import { SIGKILL } from './signalling.ts';

const runtimeSpec = lateModule(() => import('@fairlead/runtime/spec'));
const description = usualModule(() => import('../process/description.ts'));

/** Everything that a task is made from. */
export interface TaskParts {
  readonly container: Container;
  readonly plan: NetworkPlan;
  readonly sandbox: Sandbox;
  readonly files: ContainerFiles;
  readonly sources: VolumeSources;
  readonly mounts: readonly SnapshotMount[];
  readonly userNamespace: ContainerDescription['userNamespace'];
  readonly appArmorProfile: string | undefined;
}

/** The runtime did not start the process: the cause is to be put into Docker's words. */
export class StartError extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** What {@link ContainerTasks} works with. */
export interface ContainerTasksParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  readonly links: LegacyLinks;
  readonly sharedMemory: SharedMemory;
}

/** Tasks, as containerd calls what a container is while its process lives. */
export class ContainerTasks {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #links: LegacyLinks;
  readonly #sharedMemory: SharedMemory;

  constructor({ context, table, links, sharedMemory }: ContainerTasksParts) {
    this.#context = context;
    this.#table = table;
    this.#links = links;
    this.#sharedMemory = sharedMemory;
  }

  /**
   * What a task will be created from, in containerd's words.
   *
   * @throws FairleadError `internal`: what is wrong with a container's own configuration is, to Docker, no fault of the
   * request to start it.
   */
  async describe(parts: TaskParts): Promise<NewContainer> {
    const { host, settings } = this.#context;
    const { id, config } = parts.container;
    const { containerSpec } = await runtimeSpec();
    const spec = containerSpec(await this.#describe(parts), host);
    const ioOwner = rootOf(parts.userNamespace?.identities);
    const runtime = { ...settings.runtime, ...(ioOwner && { ioOwner }) };
    return { id, spec, snapshotKey: id, image: config.image, runtime };
  }

  /** Have containerd know a container. A record that an earlier start left is replaced. */
  async record(record: NewContainer): Promise<void> {
    const { containers } = this.#context.containerd;
    try {
      await containers.create(record);
    } catch (error) {
      if (!isConflict(error)) throw error;
      await containers.delete(record.id);
      await containers.create(record);
    }
  }

  /** Create the task of a container that is recorded. @throws StartError */
  async create({ container, mounts }: TaskParts, { streams, process }: Started): Promise<void> {
    const { id, config } = container;
    try {
      await this.#context.containerd.tasks.create({ containerId: id, rootfs: mounts, streams, terminal: config.tty });
      await process.created();
    } catch (error) {
      throw new StartError(error);
    }
  }

  /** Start the process of a task. @returns its pid on the host. @throws StartError */
  async start({ id }: Container, started: Started): Promise<number> {
    try {
      const pid = await this.#context.containerd.tasks.start({ containerId: id });
      started.process.started();
      return pid;
    } catch (error) {
      throw new StartError(error);
    }
  }

  /** End a task that came up, and forget it. */
  async destroy(id: string): Promise<void> {
    const { tasks } = this.#context.containerd;
    try {
      await tasks.kill({ containerId: id }, SIGKILL, { all: true });
      await tasks.wait({ containerId: id });
    } catch (error) {
      ignoreMissing(error);
    }
    await this.discard(id);
  }

  /** Remove an ended task and its record. @returns how it ended; `undefined` when there was none. */
  async discard(id: string): Promise<ExitStatus | undefined> {
    const { tasks, containers } = this.#context.containerd;
    const status = await tasks.delete({ containerId: id }).catch((error) => {
      ignoreMissing(error);
      return undefined;
    });
    await containers.delete(id).catch(ignoreMissing);
    return status;
  }

  /** A containerd that was killed while it made a task may know nothing of it, and yet shim and runtime are at it. */
  async endLost({ id, config }: Container): Promise<void> {
    await this.#context.containerd.endLostShim(id);
    await removeCgroup({ containerId: id, parent: config.host.cgroupParent || this.#context.settings.cgroupParent });
  }

  async #describe(parts: TaskParts): Promise<ContainerDescription> {
    const { container, plan, sandbox, files, sources, mounts, userNamespace, appArmorProfile } = parts;
    const { describeContainer } = await description();
    const { namespacePath, settings } = this.#context;
    const { cgroupParent, seccompProfile } = settings;
    const networkNamespace = sandbox.namespace === '' ? undefined : namespacePath(sandbox.namespace);
    const rootfsFile = (path: string) => readRootfsFile(mounts, path);
    const sourceOf: VolumeSources['of'] = (mount) => sources.of(mount);
    const { hostname } = plan;
    try {
      const variables = settings.legacyLinkVariables === true ? this.#links.variables(container) : [];
      const linked = variables.length > 0 ? { ...container, env: [...variables, ...container.env] } : container;
      const sharedMemoryOf = (id: string) => this.#sharedMemory.path(id);
      const operator = { cgroupParent, seccompProfile };
      const places = { networkNamespace, files, ...operator, sourceOf, rootfsFile, sharedMemoryOf, findInit };
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
}
