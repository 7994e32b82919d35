import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type IdentityMapping, type Logger, lateModule, newIdentifier, ownerOutside } from '@fairlead/base';
import { type Container, ContainerTable, EventLog } from '@fairlead/engine';
import { Kernel, namespacePath, Recorder, requireMappedOverlays } from '@fairlead/kernel';
import type { Network, NetworkSettings } from '@fairlead/network';
import type { PluginRegistry } from '@fairlead/plugins';
import { type Containerd, chooseRuntime, type ExitStatus, probeRuntime, type TaskProcess } from '@fairlead/runtime';
import { type Collection, Store } from '@fairlead/store';
import type { BorrowedSysctl } from './borrowed-sysctl.ts';
import { type ContainersByDefault, containersByDefault } from './containers-by-default.ts';
import { defaultBridgeName, isOfDockerd } from './default-bridge-name.ts';
import { type AskedContainerd, askContainerd, CONTAINERD_NAMESPACE, containerdSocket } from './early-question.ts';
import { LatePlugins } from './late-plugins.ts';
import type { Metrics } from './metrics/metrics.ts';
import { NameService } from './name-service.ts';
import { networkSettings } from './network-settings.ts';
import { currentBoot, type NotedFeature, supports } from './noted-feature.ts';
import type { DaemonOptions, LiveOptions } from './options.ts';
import { PrivateContainerd } from './private-containerd.ts';
import { claimNetwork, claimState } from './sole-engine.ts';

const pluginModule = lateModule(() => import('@fairlead/plugins'));

/** What all other parts of the daemon stand on: the kernel, the store, and the processes beside this one. */
export interface Foundation {
  readonly live: LiveOptions;
  readonly logger: Logger;
  /** Who users of containers are on the host, where that is somebody else. */
  readonly identities: IdentityMapping | undefined;
  readonly containersByDefault: ContainersByDefault;
  readonly recorder: Recorder;
  /** Absent when nobody is to read them. */
  readonly metrics: Metrics | undefined;
  readonly kernel: Kernel;
  readonly store: Store;
  /** The engine's own id. */
  readonly engineId: string;
  readonly events: EventLog;
  readonly table: ContainerTable;
  readonly borrowed: Collection<BorrowedSysctl>;
  readonly networkSettings: NetworkSettings;
  readonly names: NameService;
  readonly containerd: ConnectedContainerd;
  /** The program that makes containers. */
  readonly runtime: ReturnType<typeof chooseRuntime>;
  readonly plugins: () => Promise<PluginRegistry>;
  /** Those of them that the engine runs. */
  readonly managed: LatePlugins;
}

/** A containerd to work with. */
export interface ConnectedContainerd {
  readonly client: Containerd;
  readonly socket: string;
  /** Its word for what is ours. */
  readonly namespace: string;
  /** Absent when it is not ours. */
  readonly process: PrivateContainerd | undefined;
  /** How containers ended of whose end it does not know; see `ContainerdSettings`. */
  readonly untoldEnds: Map<string, ExitStatus>;
  /** Its tasks; see `EngineSurroundings.tasks`. */
  readonly tasks: Promise<readonly TaskProcess[]>;
}

/**
 * Lay the foundation.
 *
 * @param parts gets what has to be disposed of.
 * @param asked a containerd that has been asked already; see `askEarly`.
 * @throws FairleadError when a part cannot be had.
 */
export async function layFoundation(
  live: LiveOptions,
  logger: Logger,
  parts: AsyncDisposableStack,
  asked?: AskedContainerd,
): Promise<Foundation> {
  const options = live.current;
  const identities = options.userRemap ? await userRemap(options.userRemap) : undefined;
  const byDefault = await containersByDefault(options);
  makeRoots(options, identities);
  parts.use(claimState(options.dataRoot));
  parts.use(claimNetwork(logger));
  if (identities) requireMappedOverlays(options.dataRoot, identities);
  const recorder = new Recorder();
  const metrics = options.metrics && new (await import('./metrics/metrics.ts')).Metrics();
  if (metrics !== undefined) recorder.observe({ record: ({ microseconds }) => metrics.noteEffect(microseconds) });
  const kernel = parts.use(new Kernel(recorder));
  // Both are other processes that have to come up, or are up already: nothing waits for them that can do without.
  const connecting = Promise.all([connectNames(options, logger), connectContainerd(options, logger, asked)]);
  // Should one of the next steps fail, its reason is the one to tell.
  connecting.catch(() => {});
  const store = parts.use(Store.open(join(options.dataRoot, 'state.db')));
  store.holdRoom();
  const stored = {
    engineId: identity(store),
    table: new ContainerTable(store.collection<Container>('container')),
    borrowed: store.collection<BorrowedSysctl>('borrowed-sysctl'),
  };
  const settings = settingsOfNetworks(options, { store, kernel, logger, engineId: stored.engineId });
  const [names, containerd] = await connecting;
  parts.use(names);
  if (containerd.process !== undefined) parts.use(containerd.process);
  parts.use(containerd.client);
  const runtime = chooseRuntime(await probeRuntime());
  const events = new EventLog();
  const managed = parts.use(new LatePlugins({ live, logger, store, events, containerd, runtime }));
  if (stored.borrowed.size > 0) await (await import('./borrowed-sysctl.ts')).giveBackAll(kernel, stored.borrowed);
  return {
    ...{ live, logger, identities, recorder, metrics, kernel, store, ...stored, names, containerd },
    containersByDefault: byDefault,
    ...{ events, networkSettings: settings, runtime, managed },
    plugins: latePlugins(logger, managed),
  };
}

/** @throws FairleadError `invalid-argument`: rather no daemon than one whose containers are root where nobody expects it. */
async function userRemap(asked: string): Promise<IdentityMapping | undefined> {
  const { readIdentityFiles, remappedIdentities } = await import('./user-remap.ts');
  return remappedIdentities(asked, readIdentityFiles());
}

/**
 * State is for root's eyes alone, volumes and layers too, and for who is root in containers: their runtime binds what is in
 * there. Sockets of clients can be elsewhere in what is there for this run.
 */
function makeRoots({ dataRoot, execRoot }: DaemonOptions, identities: IdentityMapping | undefined): void {
  for (const path of [dataRoot, execRoot]) mkdirSync(path, { recursive: true, mode: 0o711 });
  chmodSync(dataRoot, 0o710);
  chownSync(dataRoot, 0, identities === undefined ? 0 : ownerOutside(identities, { uid: 0, gid: 0 }).gid);
}

async function connectNames(options: DaemonOptions, logger: Logger): Promise<NameService> {
  return await NameService.find({
    socket: join(options.execRoot, 'resolver.sock'),
    log: join(options.execRoot, 'resolver.log'),
    namespacePath,
    logger,
  });
}

async function connectContainerd(
  options: DaemonOptions,
  logger: Logger,
  early: AskedContainerd | undefined,
): Promise<ConnectedContainerd> {
  const socket = containerdSocket(options.execRoot, options.containerd);
  const places = { root: join(options.dataRoot, 'containerd'), state: join(options.execRoot, 'containerd'), socket };
  const untoldEnds = early?.untoldEnds ?? new Map();
  const process =
    options.containerd === undefined ? await PrivateContainerd.start({ ...places, untoldEnds }, logger) : undefined;
  const isAnother = process?.isAdopted === false;
  if (isAnother) early?.client[Symbol.dispose]();
  const asked = early === undefined || isAnother ? askContainerd(socket, untoldEnds) : early;
  const { client } = asked;
  // It may not have been there yet.
  const tasks = asked.tasks.catch(() => client.tasks.list());
  tasks.catch(() => {});
  await Promise.all([client.ensureNamespace(), asked.verified.catch(() => client.verify())]);
  return { client, socket, namespace: CONTAINERD_NAMESPACE, process, untoldEnds, tasks };
}

/** The engine's own id, made once. */
function identity(store: Store): string {
  const documents = store.collection<{ readonly id: string; readonly value: string }>('engine');
  return (documents.get('identity') ?? documents.put({ id: 'identity', value: newIdentifier() })).value;
}

/** What networks are made of, as the operator, the kernel and what is there already decide. */
function settingsOfNetworks(
  options: DaemonOptions,
  { store, kernel, logger, engineId }: Pick<Foundation, 'store' | 'kernel' | 'logger' | 'engineId'>,
): NetworkSettings {
  const asked = { kernel, noted: store.collection<NotedFeature>('kernel-feature'), boot: currentBoot() };
  const features = {
    protectedTables: supports('protected tables', asked),
    transparentProxying: supports('transparent proxying', asked),
    drawnNumbers: supports('drawn numbers', asked),
    ingressHooks: supports('ingress hooks', asked),
  };
  const defaultBridge = options.bridge.name ?? chosenBridge(store, logger);
  return networkSettings(options, { engineId, kernel: features, defaultBridge });
}

/** The name of the default bridge where the operator has named none. */
function chosenBridge(store: Store, logger: Logger): string {
  const stored = Iterator.from(store.collection<Network>('network')).find(({ name }) => name === 'bridge');
  const known = stored?.bridge?.name;
  const chosen = defaultBridgeName(known, isOfDockerd);
  if (chosen !== known) logger.info('default bridge named', { bridge: chosen });
  return chosen;
}

/** All plugins in one registry, made by the first who needs one: each is asked once what it is. */
function latePlugins(logger: Logger, managed: LatePlugins): () => Promise<PluginRegistry> {
  let registry: Promise<PluginRegistry> | undefined;
  const make = async () => {
    const { dockerPluginPlaces, PluginRegistry: Registry } = await pluginModule();
    return new Registry(dockerPluginPlaces, logger, { managed });
  };
  return () => {
    registry ??= make();
    return registry;
  };
}
