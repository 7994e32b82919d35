import { FairleadError, isNotFound, type KeyedMutex, lateModule, usualModule } from '@fairlead/base';
import type { EngineContext } from '../context.ts';
import { BoundedCache } from '../image/bounded-cache.ts';
import type { LogLine, LogOptions } from '../log/log-port.ts';
import type { LogMark } from '../log/log-writer.ts';
import type { Container, Exec, Image } from '../model.ts';
import type { ContainerVolumes } from '../volume/container-volumes.ts';
import type { ContainerConfig } from './configuration/container-config.ts';
import { parseContainerName } from './configuration/container-name.ts';
import { ContainerUpdates } from './configuration/container-updates.ts';
import type { NotedChanges } from './configuration/noted-changes.ts';
import { containerEvent } from './container-event.ts';
import type {
  ContainerService,
  ContainerUpdate,
  ContainerView,
  StopOptions,
  WaitCondition,
  WaitResult,
} from './container-port.ts';
import { isAlive, notRunning, requireAttachable, requireNotRestarting } from './container-state.ts';
import type { ContainerTable } from './container-table.ts';
import { ContainerCreation, type CreationParts } from './creation.ts';
import type { ExecRequest, ExecTable } from './exec/exec-table.ts';
import { containerLog } from './file/container-files.ts';
import type { Lifecycle } from './life/lifecycle.ts';
import { processesOf } from './process/processes.ts';
import type { AttachedStreams, AttachOptions, OutputChunk } from './stream-port.ts';
import { containerView } from './view.ts';

/** Images of containers that are remembered; builds make one with each step. */
const IMAGES = 1000;

const limitSupport = lateModule(() => import('./isolation/limit-support.ts'));
const logReader = usualModule(() => import('../log/log-reader.ts'));

/** What {@link Containers} works with. */
export interface ContainersParts extends CreationParts {
  readonly lifecycle: Lifecycle;
  readonly execs: ExecTable;
  readonly changes: NotedChanges;
}

/** Containers as the API asks for them. */
export class Containers implements ContainerService {
  readonly creation: ContainerCreation;
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #lifecycle: Lifecycle;
  readonly #execs: ExecTable;
  readonly #volumes: ContainerVolumes;
  readonly #turns: KeyedMutex;
  readonly #images = new BoundedCache<Image>(IMAGES);
  readonly #updates: ContainerUpdates;
  readonly #changes: NotedChanges;

  constructor(parts: ContainersParts) {
    this.creation = new ContainerCreation(parts);
    this.#context = parts.context;
    this.#table = parts.table;
    this.#lifecycle = parts.lifecycle;
    this.#execs = parts.execs;
    this.#volumes = parts.volumes;
    this.#turns = parts.turns;
    this.#changes = parts.changes;
    this.#updates = new ContainerUpdates(parts);
  }

  async create(request: ContainerConfig & { readonly name?: string }, marks: Pick<Container, 'isBuildStep'> = {}) {
    const { container, image, chainId, volumes, warnings } = await this.creation.draft(request, marks);
    void this.#images.get(image.id, async () => image);
    await this.creation.make(container, chainId, volumes);
    this.#context.events.emit(containerEvent(container, 'create'));
    return { id: container.id, warnings };
  }

  async start(reference: string): Promise<void> {
    await this.#lifecycle.start(reference);
  }

  async stop(reference: string, options?: StopOptions): Promise<void> {
    await this.#lifecycle.termination.stop(reference, options);
  }

  async restart(reference: string, options?: StopOptions): Promise<void> {
    await this.#lifecycle.restart(reference, options);
  }

  async kill(reference: string, signal?: string): Promise<void> {
    await this.#lifecycle.termination.kill(reference, signal);
  }

  async pause(reference: string): Promise<void> {
    await this.#lifecycle.pause(reference);
  }

  async unpause(reference: string): Promise<void> {
    await this.#lifecycle.unpause(reference);
  }

  async rename(reference: string, wanted: string): Promise<void> {
    const { id } = this.#table.find(reference);
    if (wanted === '') throw new FairleadError('invalid-argument', 'Neither old nor new names may be empty');
    const name = parseContainerName(wanted);
    await this.#turns.run(id, () => this.#rename(this.#table.find(id), name));
  }

  async update(reference: string, change: ContainerUpdate): Promise<readonly string[]> {
    const { readLimitSupport, supportedLimits } = await limitSupport();
    const { limits, warnings } = supportedLimits(change.limits, readLimitSupport(this.#context.host.unifiedCgroup));
    await this.#updates.update(reference, { ...change, limits });
    return warnings;
  }

  async remove(
    reference: string,
    options: { readonly force?: boolean; readonly volumes?: boolean } = {},
  ): Promise<void> {
    await this.#lifecycle.termination.remove(reference, options.force ?? false, options.volumes ?? false);
  }

  async wait(reference: string, condition: WaitCondition): Promise<{ readonly result: Promise<WaitResult> }> {
    return { result: this.#lifecycle.wait(reference, condition) };
  }

  async resize(reference: string, rows: number, columns: number): Promise<void> {
    const container = this.#table.find(reference);
    const streams = await this.#lifecycle.attachments.streams(container.id);
    if (streams === undefined || !isAlive(this.#table.find(container.id))) throw notRunning(container.id);
    await streams.process.resize(rows, columns);
    this.#context.events.emit(containerEvent(container, 'resize', { height: String(rows), width: String(columns) }));
  }

  async attach(reference: string, options: AttachOptions): Promise<AttachedStreams> {
    const container = this.#table.find(reference);
    requireAttachable(container, reference);
    const { live, mark } = options.stream ? await this.#lifecycle.attachments.attach(container.id, options) : {};
    const past = options.logs ? await this.#past(container, options, mark) : nothing();
    this.#context.events.emit(containerEvent(container, 'attach'));
    return {
      output: concat(past, live?.output ?? nothing()),
      tty: container.config.tty,
      write: async (data) => await live?.write(data),
      end: async () => await live?.end(),
      detach: () => live?.detach(),
    };
  }

  async logs(reference: string, options: LogOptions) {
    const container = this.#table.find(reference);
    if (containerLog(container, this.#context.settings) === undefined) {
      throw new FairleadError('not-implemented', 'configured logging driver does not support reading');
    }
    return { tty: container.config.tty, lines: await this.#read(container, options) };
  }

  async inspect(reference: string): Promise<ContainerView> {
    const container = this.#table.find(reference);
    return this.#view(container, await this.#imageOf(container));
  }

  list(): readonly ContainerView[] {
    return [...this.#table].sort((a, b) => b.created - a.created).map((container) => this.#view(container));
  }

  async listWithImages(): Promise<readonly ContainerView[]> {
    await Promise.all([...this.#table].map((container) => this.#imageOf(container)));
    return this.list();
  }

  async size(reference: string): Promise<{ readonly readWrite: number; readonly rootFilesystem: number }> {
    const container = this.#table.find(reference);
    const { size } = await this.#context.containerd.snapshots.usage(container.id);
    const image = await this.#imageOf(container);
    return { readWrite: size, rootFilesystem: size + (image?.size ?? 0) };
  }

  async top(reference: string): Promise<readonly number[]> {
    const container = this.#table.find(reference);
    requireNotRestarting(container);
    if (!isAlive(container)) throw notRunning(container.id);
    const pids = await processesOf(container.id, this.#context.containerd.tasks);
    this.#context.events.emit(containerEvent(container, 'top'));
    return pids;
  }

  async createExec(reference: string, request: ExecRequest): Promise<string> {
    return this.#execs.create(reference, request);
  }

  async startExec(id: string, options: { readonly detach: boolean }): Promise<AttachedStreams | undefined> {
    return await this.#execs.start(id, options);
  }

  async resizeExec(id: string, rows: number, columns: number): Promise<void> {
    await this.#execs.resize(id, rows, columns);
  }

  inspectExec(id: string): Exec {
    return this.#execs.get(id);
  }

  startableExec(id: string): Exec {
    return this.#execs.startable(id);
  }

  async #rename(container: Container, name: string): Promise<void> {
    const { id, name: oldName } = container;
    if (name === oldName) {
      throw new FairleadError('invalid-argument', 'Renaming a container with the same name as its current name');
    }
    this.#table.requireFreeName(name, 'Error when allocating new name: ');
    await this.#changes.make(container, { name }, { kind: 'name' });
    const renamed = this.#table.find(id);
    this.#context.events.emit(containerEvent(renamed, 'rename', { oldName: `/${oldName}` }));
  }

  async #read(container: Container, options: LogOptions): Promise<AsyncIterable<readonly LogLine[]>> {
    const path = containerLog(container, this.#context.settings);
    if (path === undefined) return nothing();
    const { readLog } = await logReader();
    return readLog(path, options, (await this.#lifecycle.attachments.streams(container.id))?.log);
  }

  /** What was said before the client came, without what it gets live. */
  async #past(
    container: Container,
    options: AttachOptions,
    mark: LogMark | undefined,
  ): Promise<AsyncIterable<readonly OutputChunk[]>> {
    const path = containerLog(container, this.#context.settings);
    if (mark === undefined || path === undefined) return await this.#read(container, { ...options, follow: false });
    const { readLogUpTo } = await logReader();
    return readLogUpTo(path, mark, options);
  }

  #view(container: Container, read = this.#images.peek(container.imageId)): ContainerView {
    // Its names come and go: `docker ps` shows one only as long as it means the image.
    const image = this.#context.images.known(container.imageId) ?? read;
    const mountpoint = (name: string) => this.#volumes.mountpoint(name);
    return containerView(
      { container, image, execs: this.#execs.of(container.id), mountpoint },
      this.#context,
      this.#table,
    );
  }

  /** An image may be removed by force while containers made from it go on. */
  async #imageOf({ imageId }: Container): Promise<Image | undefined> {
    try {
      return await this.#images.get(imageId, () => this.#context.images.inspect(imageId));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

async function* concat(past: AsyncIterable<readonly OutputChunk[]>, live: AsyncIterable<OutputChunk>) {
  for await (const chunks of past) yield* chunks;
  yield* live;
}

async function* nothing(): AsyncGenerator<never> {}
