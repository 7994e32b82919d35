import { createConnection } from 'node:net';
import { FairleadError, isConflict, lateModule } from '@fairlead/base';
import { IntrospectionDefinition, type Plugin } from '../gen/introspection.ts';
import { NamespacesDefinition } from '../gen/namespaces.ts';
import { GrpcChannel } from '../grpc/channel.ts';
import { lateMethods, methodsOf } from '../grpc/method.ts';
import { ContainerStore } from './container-store.ts';
import { ContentStore } from './content-store.ts';
import { Differ } from './differ.ts';
import { ImageStore } from './image-store.ts';
import { LayerStore } from './layer-store.ts';
import { Leases } from './leases.ts';
import { SnapshotStore } from './snapshot-store.ts';
import type { TaskEvent } from './task-events.ts';
import type { ExitStatus } from './task-types.ts';
import { Tasks } from './tasks.ts';

const introspection = methodsOf(IntrospectionDefinition);
const namespaces = methodsOf(NamespacesDefinition);
const version = lateMethods(async () => (await import('../gen/version.ts')).VersionDefinition);

const lostShims = lateModule(() => import('./lost-shim.ts'));
const taskEvents = lateModule(() => import('./task-events.ts'));

/** Which part of a containerd is meant. */
export type ContainerdOptions = {
  /** containerd's own kind of namespace: objects of others are invisible. */
  readonly namespace: string;
  /** `overlayfs` unless told otherwise. */
  readonly snapshotter?: string;
  /** How containers ended of whose end containerd does not know, by their ids; see `ContainerdSettings`. */
  readonly untoldEnds?: Map<string, ExitStatus>;
};

/**
 * What reads and what removes: done twice it comes to the same, but that the second removal finds nothing. A containerd
 * that was lost and is back is asked again, so that nothing that was being cleared up stays.
 */
const isRepeatable = (path: string) =>
  /\/(Get|List|ListPids|Metrics|Stat|Mounts|Usage|Info|Version|Plugins|Delete|DeleteProcess|Remove)$/.test(path);

/** Services without which no container can run. */
const needed = ['content', 'containers', 'diff', 'events', 'images', 'leases', 'snapshots', 'tasks'];

/** A containerd, seen from one of its namespaces. The connection is opened at first use and whenever it was lost. */
export class Containerd implements Disposable {
  readonly namespace: string;
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly snapshots: SnapshotStore;
  readonly differ: Differ;
  readonly layers: LayerStore;
  readonly leases: Leases;
  readonly containers: ContainerStore;
  readonly tasks: Tasks;
  readonly #channel: GrpcChannel;

  constructor(channel: GrpcChannel, options: ContainerdOptions) {
    const snapshotter = options.snapshotter ?? 'overlayfs';
    this.#channel = channel;
    this.namespace = options.namespace;
    this.content = new ContentStore(channel);
    this.images = new ImageStore(channel);
    this.snapshots = new SnapshotStore(channel, snapshotter);
    this.differ = new Differ(channel);
    this.layers = new LayerStore(this.snapshots, this.differ);
    this.leases = new Leases(channel);
    this.containers = new ContainerStore(channel, snapshotter);
    this.tasks = new Tasks(channel, options.untoldEnds);
  }

  /** A client of the containerd at this unix socket. Nothing is sent yet. */
  static connect(socketPath: string, options: ContainerdOptions): Containerd {
    const metadata = { 'containerd-namespace': options.namespace };
    return new Containerd(new GrpcChannel(() => createConnection(socketPath), metadata, { isRepeatable }), options);
  }

  /** containerd's version, such as `1.6.20`. */
  async version(): Promise<string> {
    return (await this.#channel.unary((await version()).version, {})).version;
  }

  /** Task events of this namespace; see `taskEvents`. */
  async *events(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<TaskEvent, void, undefined> {
    yield* (await taskEvents()).taskEvents(this.#channel, this.namespace, options);
  }

  /** Make sure that the namespace exists; 1.6 makes it by itself, but only for some services. */
  async ensureNamespace(): Promise<void> {
    try {
      await this.#channel.unary(namespaces.create, { namespace: { name: this.namespace } });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }

  /**
   * Make sure that every service we need has loaded. containerd starts, and answers, without those that failed.
   *
   * @throws FairleadError `unavailable` with containerd's own reason for each.
   */
  async verify(): Promise<void> {
    const { plugins } = await this.#channel.unary(introspection.plugins, {});
    const faults = pluginFaults(plugins, this.snapshots.snapshotter);
    if (faults.length > 0) throw new FairleadError('unavailable', `containerd is not usable: ${faults.join('; ')}`);
  }

  /** Take away what is left of a task that containerd has lost; see `endLostShim`. @returns whether there was one. */
  async endLostShim(containerId: string): Promise<boolean> {
    return await (await lostShims()).endLostShim(this.namespace, containerId);
  }

  /** Close the connection. Containers go on. */
  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }
}

/** What is wrong with the plugins that are needed, one line each. */
export function pluginFaults(
  plugins: readonly Pick<Plugin, 'type' | 'id' | 'initErr'>[],
  snapshotter: string,
): string[] {
  const wanted = [
    ...needed.map((id) => ({ type: 'io.containerd.grpc.v1', id })),
    { type: 'io.containerd.snapshotter.v1', id: snapshotter },
  ];
  return wanted.flatMap(({ type, id }) => {
    const plugin = plugins.find((candidate) => candidate.type === type && candidate.id === id);
    if (!plugin) return [`${type}.${id} is missing`];
    return plugin.initErr ? [`${type}.${id}: ${plugin.initErr.message}`] : [];
  });
}
