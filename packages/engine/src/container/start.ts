import { mkdirSync } from 'node:fs';
import { hostname as machineName } from 'node:os';
import { FairleadError, isNotFound, messageOf, withPrefix } from '@fairlead/base';
import type { Endpoint, Sandbox } from '@fairlead/network';
import { containerSpec, type ExitStatus, ProcessStreams, type SnapshotMount, startFailureOf } from '@fairlead/runtime';
import type { EngineContext } from '../context.ts';
import { LogWriter } from '../log/log-writer.ts';
import type { Container } from '../model.ts';
import { imagePorts } from './container-factory.ts';
import { containerFiles, dnsConfig, type FileWriter } from './container-files.ts';
import { ignoreMissing, isAlive } from './container-state.ts';
import type { ContainerTable } from './container-table.ts';
import { describeContainer } from './description.ts';
import { makeBindSources } from './mount-plan.ts';
import { hostnameOf, type NetworkPlan, planNetwork } from './network-plan.ts';
import { readRootfsFile } from './rootfs-file.ts';
import { RunningProcess } from './running.ts';

const SIGKILL = 9;

/** A container's process with its log. */
export interface Started {
  readonly process: RunningProcess;
  readonly log: LogWriter | undefined;
  readonly streams: ProcessStreams;
  /** Close streams and log, remove the pipes. */
  close(): Promise<void>;
}

/** The steps from a created container to a running one, each with its way back. */
export class ContainerStart {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #files: FileWriter;

  constructor(context: EngineContext, table: ContainerTable, files: FileWriter) {
    this.#context = context;
    this.#table = table;
    this.#files = files;
  }

  /** Make the pipes of a container and begin to read them; nothing comes before {@link run}. */
  async openStreams(container: Container): Promise<Started> {
    const layout = this.#layout(container);
    return await this.#follow(container, await ProcessStreams.create(layout, this.#context.makeFifo));
  }

  /** Open the pipes of a container that runs already. */
  async reopenStreams(container: Container): Promise<Started> {
    return await this.#follow(container, await ProcessStreams.reopen(this.#layout(container)));
  }

  /**
   * Start the process; the network is built while containerd creates the task.
   *
   * @throws FairleadError in Docker's words; everything is taken back and the reason is kept in the container's state.
   */
  async run(container: Container, started: Started): Promise<void> {
    try {
      await this.#context.operation(`start ${container.name}`, () => this.#run(container, started));
    } catch (error) {
      await started.close();
      const failure = error instanceof StartError ? startFailureOf(error.cause) : undefined;
      const message = failure?.message ?? messageOf(error);
      this.#table.setState(container.id, { exitCode: failure?.exitCode ?? 128, error: message, finishedAt: Date.now() });
      throw failure === undefined ? error : new FairleadError(failure.code, message, { cause: error });
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

  /** The container needs its sandbox no longer; it stays while others that share it run. */
  async leaveSandbox({ id, sandbox }: Container): Promise<void> {
    if (sandbox === undefined) return;
    for (const other of this.#table) if (other.id !== id && other.sandbox === sandbox && isAlive(other)) return;
    await this.#context.network.closeSandbox(sandbox);
  }

  async #run(container: Container, started: Started): Promise<void> {
    await using undo = new AsyncDisposableStack();
    const hostname = hostnameOf(container, machineName);
    const exposed = await this.#exposed(container);
    const plan = planNetwork(container, hostname, { network: this.#context.network, table: this.#table, exposed });
    makeBindSources(container.config);
    const networks = plan.mode === 'shared' ? [] : plan.requests.map(({ network }) => network);
    this.#files.create(container, hostname, networks);
    const mounts = this.#context.containerd.snapshots.mounts(container.id);
    const sandbox = await this.#openSandbox(container, plan, undo);
    this.#table.put({ ...container, sandbox: sandbox.id });
    const creating = this.#createTask({ container, hostname, plan, sandbox, mounts: await mounts }, started, undo);
    const [endpoints] = await bothSettled(this.#joinNetworks(sandbox, plan), creating);
    if (plan.mode !== 'shared') this.#files.writeHosts(container, hostname, endpoints);
    const pid = await this.#startTask(container, started);
    this.#table.put({
      ...this.#table.find(container.id),
      state: { ...container.state, status: 'running', pid, exitCode: 0, error: '', startedAt: Date.now() },
    });
    undo.move();
  }

  async #exposed(container: Container): Promise<string[]> {
    if (!container.config.host.publishAllPorts) return [];
    return imagePorts(await this.#context.images.inspect(container.imageId));
  }

  async #openSandbox(container: Container, plan: NetworkPlan, undo: AsyncDisposableStack): Promise<Sandbox> {
    const { network, settings } = this.#context;
    const wanted = plan.mode === 'shared' ? plan.donor.sandbox : container.sandbox;
    const existing = wanted === undefined ? undefined : network.sandbox(wanted);
    // A sandbox outlives its own container while others share it: it is found again as it was left.
    if (existing !== undefined) return existing;
    if (plan.mode === 'shared') {
      throw new FairleadError('conflict', `cannot join network of a non running container: ${plan.donor.id}`);
    }
    const sandbox = await network.openSandbox({
      owner: container.id,
      ownerName: container.name,
      mode: plan.mode,
      ports: plan.mode === 'own' ? plan.ports : [],
      dns: dnsConfig(container, settings),
    });
    undo.defer(() => network.closeSandbox(sandbox.id));
    return sandbox;
  }

  async #joinNetworks(sandbox: Sandbox, plan: NetworkPlan): Promise<readonly Endpoint[]> {
    const { network } = this.#context;
    const present = network.endpointsIn(sandbox.id);
    if (plan.mode === 'shared' || present.length > 0) return present;
    try {
      return await network.join(sandbox.id, plan.requests);
    } catch (error) {
      throw withPrefix('failed to set up container networking: ', error);
    }
  }

  async #createTask(parts: TaskParts, started: Started, undo: AsyncDisposableStack): Promise<void> {
    const { containerd, host, settings } = this.#context;
    const { container } = parts;
    const { id } = container;
    const spec = containerSpec(describeContainer(this.#descriptionSource(parts)), host);
    undo.defer(() => this.#destroyTask(id));
    await containerd.containers.delete(id).catch(ignoreMissing);
    await containerd.containers.create({ id, spec, snapshotKey: id, image: container.config.image, runtime: settings.runtime });
    try {
      const { mounts } = parts;
      const terminal = container.config.tty;
      await containerd.tasks.create({ containerId: id, rootfs: mounts, streams: started.streams, terminal });
    } catch (error) {
      throw new StartError(error);
    }
  }

  #descriptionSource({ container, hostname, plan, sandbox, mounts }: TaskParts) {
    const { namespacePath, settings } = this.#context;
    const files = containerFiles(settings, plan.mode === 'shared' ? plan.donor.id : container.id);
    const networkNamespace = sandbox.namespace === '' ? undefined : namespacePath(sandbox.namespace);
    const rootfsFile = (path: string) => readRootfsFile(mounts, path);
    return { container, hostname, networkNamespace, files, table: this.#table, rootfsFile };
  }

  async #startTask({ id }: Container, started: Started): Promise<number> {
    try {
      const pid = await this.#context.containerd.tasks.start({ containerId: id });
      await started.process.started();
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
      if (!isNotFound(error)) this.#context.logger.warn('task not killed', { id, error: messageOf(error) });
    }
    await this.discardTask(id);
  }

  async #follow(container: Container, streams: ProcessStreams): Promise<Started> {
    const { containerd, keeper, settings } = this.#context;
    const { config } = container;
    const files = containerFiles(settings, container.id);
    mkdirSync(files.directory, { recursive: true, mode: 0o710 });
    const log = config.host.logConfig.type === 'none' ? undefined : await this.#openLog(container.id, files.log);
    const outputs = [streams.paths.stdout, streams.paths.stderr].filter((path) => path !== '');
    await Promise.all(outputs.map((path) => keeper.hold(path)));
    const process = new RunningProcess(containerd.tasks, { containerId: container.id }, streams, {
      tty: config.tty,
      sink: (chunk) => log?.write(chunk),
    });
    const close = async () => {
      process.dispose();
      await Promise.all([log?.close(), ...outputs.map((path) => keeper.release(path))]);
    };
    return { process, log, streams, close };
  }

  async #openLog(id: string, path: string): Promise<LogWriter> {
    return await LogWriter.open(path, (error) => this.#context.logger.error('log not written', { id, error: messageOf(error) }));
  }

  #layout({ id, config }: Container) {
    return { directory: containerFiles(this.#context.settings, id).pipes, stdin: config.openStdin, terminal: config.tty };
  }
}

/** Everything that the runtime's task is made from. */
interface TaskParts {
  readonly container: Container;
  readonly hostname: string;
  readonly plan: NetworkPlan;
  readonly sandbox: Sandbox;
  readonly mounts: readonly SnapshotMount[];
}

/** The runtime did not start the process: the cause is to be put into Docker's words. */
class StartError extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** Wait for both even when one fails: what the other did has to be taken back too. */
async function bothSettled<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return await Promise.all([a, b]);
}
