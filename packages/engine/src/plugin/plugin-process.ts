import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { FairleadError, isConflict, type Logger, lateModule } from '@fairlead/base';
import {
  type Containerd,
  type HostFacts,
  type PipeCalls,
  ProcessStreams,
  type RuntimeOptions,
  removeCgroup,
} from '@fairlead/runtime';
import { ignoreMissing } from '../container/container-state.ts';
import type { FileSystems } from '../context.ts';
import type { Plugin } from './plugin-model.ts';
import type { PluginPlaces } from './plugin-places.ts';

const runtimeSpec = lateModule(() => import('@fairlead/runtime/spec'));
const specs = lateModule(() => import('./plugin-spec.ts'));

/** What plugins need of containerd. */
export interface PluginContainerd {
  readonly tasks: Pick<Containerd['tasks'], 'list' | 'get' | 'create' | 'start' | 'kill' | 'wait' | 'delete'>;
  readonly containers: Pick<Containerd['containers'], 'create' | 'delete'>;
  readonly endLostShim: Containerd['endLostShim'];
}

/** What processes of plugins are made with. */
export interface ProcessParts {
  /** A namespace of containerd's in which there are only plugins. */
  readonly containerd: PluginContainerd;
  readonly places: PluginPlaces;
  readonly fileSystems: FileSystems;
  readonly pipeCalls: PipeCalls;
  readonly facts: HostFacts;
  readonly runtime: RuntimeOptions;
  readonly cgroupParent: string;
  readonly logger: Logger;
}

/** The process of one plugin, in a container of its own. */
export class PluginProcess {
  readonly #parts: ProcessParts;
  readonly #plugin: Plugin;
  readonly #reference: { readonly containerId: string };
  #streams: ProcessStreams | undefined;

  constructor(parts: ProcessParts, plugin: Plugin) {
    this.#parts = parts;
    this.#plugin = plugin;
    this.#reference = { containerId: plugin.id };
  }

  /** Start it; nothing may be left of an earlier one. @throws FairleadError in Docker's words. */
  async start(): Promise<void> {
    const { containerd, runtime } = this.#parts;
    const { id } = this.#plugin;
    await this.#makePlaces();
    try {
      const spec = await this.#spec();
      const record = { id, spec, snapshotKey: '', labels: {}, runtime };
      await containerd.containers.create(record);
      await this.#createTask();
      await containerd.tasks.start(this.#reference);
    } catch (error) {
      await this.clear();
      throw await this.#startFailure(error);
    }
  }

  /** Take over one that runs. */
  async adopt(): Promise<void> {
    const { places, pipeCalls } = this.#parts;
    const layout = { directory: places.output(this.#plugin), stdin: false, terminal: false };
    // Its pipes may have gone with a predecessor; then nobody reads what it says.
    this.#streams = await ProcessStreams.reopen(layout, withoutKeeping(pipeCalls)).catch(() => undefined);
    this.#follow();
  }

  /** Wait for its end, over restarts of containerd. @returns its exit code. */
  async ended(): Promise<number> {
    const { code } = await this.#parts.containerd.tasks.wait(this.#reference);
    return code;
  }

  /** Whether somebody listens at its socket. */
  async listens(): Promise<boolean> {
    const path = this.socket;
    if (!existsSync(path)) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const connection = createConnection(path);
    connection.once('connect', () => resolve(true));
    connection.once('error', () => resolve(false));
    const is = await promise;
    connection.destroy();
    return is;
  }

  get socket(): string {
    return `${this.#parts.places.sockets(this.#plugin)}/${this.#plugin.config.Interface.Socket}`;
  }

  async kill(signal: number): Promise<void> {
    await this.#parts.containerd.tasks.kill(this.#reference, signal).catch(ignoreMissing);
  }

  /** End whatever is left of it, running or not, and forget it. */
  async clear(): Promise<void> {
    const { containerd, places } = this.#parts;
    const { id } = this.#plugin;
    const task = await containerd.tasks.get(this.#reference).catch(ignoreMissing);
    if (task !== undefined && task.state !== 'stopped') {
      await containerd.tasks.kill(this.#reference, SIGKILL, { all: true }).catch(ignoreMissing);
      await containerd.tasks.wait(this.#reference).catch(ignoreMissing);
    }
    await containerd.tasks.delete(this.#reference).catch(ignoreMissing);
    await containerd.containers.delete(id).catch(ignoreMissing);
    this.#streams?.[Symbol.dispose]();
    this.#streams = undefined;
    rmSync(places.output(this.#plugin), { recursive: true, force: true });
    rmSync(places.sockets(this.#plugin), { recursive: true, force: true });
  }

  /** Take away what it has mounted, and what was mounted for it. */
  unmount(): void {
    const { fileSystems, places } = this.#parts;
    const folder = places.folder(this.#plugin);
    const below = fileSystems.mountPoints().filter((place) => place.startsWith(`${folder}/`));
    for (const place of below.toReversed()) fileSystems.unmount(place);
  }

  /** It goes on; a successor takes it over. */
  release(): void {
    this.#streams?.release();
  }

  /** A containerd that was killed at its making may know nothing of it, and yet shim and runtime are at it. */
  async endLost(): Promise<void> {
    const { containerd, cgroupParent } = this.#parts;
    await containerd.endLostShim(this.#plugin.id);
    await removeCgroup({ containerId: this.#plugin.id, parent: cgroupParent });
  }

  async #makePlaces(): Promise<void> {
    const { places, fileSystems } = this.#parts;
    mkdirSync(places.sockets(this.#plugin), { recursive: true, mode: 0o700 });
    if (this.#plugin.config.PropagatedMount === '') return;
    const place = places.propagated(this.#plugin);
    mkdirSync(place, { recursive: true, mode: 0o755 });
    if (fileSystems.mountPoints().includes(place)) return;
    // Only what is mounted itself can pass on what is mounted below it.
    await fileSystems.mount({ source: place, target: place, type: 'none', options: 'bind,rshared' });
  }

  async #spec() {
    const { places, facts, cgroupParent } = this.#parts;
    const [{ readHostDevice }, { pluginSpec }] = await Promise.all([runtimeSpec(), specs()]);
    const devices = this.#plugin.settings.Devices.flatMap(({ Path }) => (Path === null ? [] : readHostDevice(Path)));
    const host = {
      ...{ rootfs: places.rootfs(this.#plugin), propagated: places.propagated(this.#plugin) },
      ...{ sockets: places.sockets(this.#plugin), devices, facts, cgroupParent },
    };
    return pluginSpec(this.#plugin, host);
  }

  async #createTask(): Promise<void> {
    const { containerd } = this.#parts;
    try {
      await containerd.tasks.create({ ...this.#reference, rootfs: [], streams: await this.#openStreams() });
    } catch (error) {
      if (!isConflict(error) && !/file exists/.test(String(error))) throw error;
      await this.endLost();
      await containerd.tasks.create({ ...this.#reference, rootfs: [], streams: await this.#openStreams() });
    }
  }

  async #openStreams(): Promise<ProcessStreams> {
    const { places, pipeCalls } = this.#parts;
    const layout = { directory: places.output(this.#plugin), stdin: false, terminal: false };
    this.#streams = await ProcessStreams.create(layout, withoutKeeping(pipeCalls));
    this.#follow();
    return this.#streams;
  }

  /** What it says is a line of the daemon's log. */
  #follow(): void {
    const { logger } = this.#parts;
    const { name } = this.#plugin;
    const say = (text: string, level: 'info' | 'error') => {
      for (const line of text.split('\n'))
        if (line !== '') logger[level](line.slice(0, LONGEST_LINE), { plugin: name });
    };
    this.#streams?.stdout.on('data', (piece: Buffer) => say(piece.toString(), 'info')).resume();
    this.#streams?.stderr?.on('data', (piece: Buffer) => say(piece.toString(), 'error')).resume();
  }

  async #startFailure(error: unknown): Promise<FairleadError> {
    if (error instanceof FairleadError && error.code !== 'internal') return error;
    const { startFailureOf } = await runtimeSpec();
    return new FairleadError('internal', startFailureOf(error).message, { cause: error });
  }
}

const SIGKILL = 9;
/** Bytes of what a plugin says at a time. */
const LONGEST_LINE = 4096;

function withoutKeeping({ makeFifo, setPipeCapacity }: PipeCalls): PipeCalls {
  return { makeFifo, setPipeCapacity };
}
