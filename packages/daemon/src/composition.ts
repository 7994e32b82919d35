import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type IdentityMapping, type Logger, lateModule, newIdentifier, ownerOutside, settleAll } from '@fairlead/base';
import {
  type BuildKitService,
  type Container,
  ContainerTable,
  Engine,
  type EngineContext,
  EventLog,
  Images,
  isAlive,
  isUp,
  type MapService,
} from '@fairlead/engine';
import {
  Kernel,
  listXattrs,
  makeFifo,
  makeNode,
  mountFileSystem,
  mountPoints,
  mountWithIdentities,
  namespacePath,
  openInRoot,
  openMountTree,
  openOwner,
  openUnixDatagram,
  Recorder,
  readXattr,
  requireMappedOverlays,
  setPipeCapacity,
  unmountFileSystem,
  writeXattr,
} from '@fairlead/kernel';
import { type ControllerContext, type Network, NetworkController, type NetworkEvent } from '@fairlead/network';
import type { PluginRegistry } from '@fairlead/plugins';
import {
  Containerd,
  chooseRuntime,
  type ExitStatus,
  probeRuntime,
  readHostFacts,
  removeEmptyCgroupParents,
} from '@fairlead/runtime';
import { Store } from '@fairlead/store';
import type { BorrowedSysctl } from './borrowed-sysctl.ts';
import { defaultBridgeName, isOfDockerd } from './default-bridge-name.ts';
import { diagnosisService } from './diagnosis.ts';
import { NameService } from './name-service.ts';
import { networkSettings } from './network-settings.ts';
import { operationAccount, operationRecords, operationTranscript } from './operation-journal.ts';
import { type DaemonOptions, REGISTRY_CERTIFICATES } from './options.ts';
import { PrivateContainerd } from './private-containerd.ts';
import { reloadEvent } from './reload.ts';
import { isForwardingLacking, systemInfo } from './system-info.ts';
import { VERSION } from './version.ts';

const buildKits = lateModule(() => import('./build-kit-service.ts'));
const maps = lateModule(() => import('./map-service.ts'));
const stages = lateModule(() => import('./rehearsal-stage.ts'));

/** containerd's name for everything that is ours. */
const CONTAINERD_NAMESPACE = 'fairlead';

const pluginModule = lateModule(() => import('@fairlead/plugins'));
const lanLinks = lateModule(() => import('./lan-links.ts'));

/** The options as they are by now: some can change while the daemon runs. */
export interface LiveOptions {
  current: DaemonOptions;
}

/** The engine together with everything that it stands on. */
export interface ComposedEngine extends AsyncDisposable {
  readonly engine: Engine;
  /** Say that the options have been read again. */
  readonly tellReload: () => void;
}

/**
 * Put all parts together: the only place that knows every package. The engine is not started yet.
 *
 * @throws FairleadError when a part cannot be had; what was started is left for the next attempt.
 */
export async function composeEngine(live: LiveOptions, logger: Logger): Promise<ComposedEngine> {
  await using parts = new AsyncDisposableStack();
  const options = live.current;
  const identities = options.userRemap ? await userRemap(options.userRemap) : undefined;
  makeRoots(options, identities);
  if (identities) requireMappedOverlays(options.dataRoot, identities);
  const recorder = new Recorder();
  const metrics = options.metrics && new (await import('./metrics/metrics.ts')).Metrics();
  if (metrics !== undefined) recorder.observe({ record: ({ microseconds }) => metrics.noteEffect(microseconds) });
  const kernel = parts.use(new Kernel(recorder));
  // Both are other processes that have to come up, or are up already: nothing waits for them that can do without.
  const connecting = Promise.all([connectNames(options, logger), connectContainerd(options, logger)]);
  // Should one of the next steps fail, its reason is the one to tell.
  connecting.catch(() => {});
  const store = parts.use(Store.open(join(options.dataRoot, 'state.db')));
  const engineId = identity(store);
  const events = new EventLog();
  const table = new ContainerTable(store.collection<Container>('container'));
  const features = {
    protectedTables: kernel.supports('protected tables'),
    transparentProxying: kernel.supports('transparent proxying'),
  };
  const defaultBridge = options.bridge.name ?? chosenBridge(store, logger);
  const settings = networkSettings(options, { engineId, kernel: features, defaultBridge });
  const [names, containerd] = await connecting;
  parts.use(names);
  if (containerd.process !== undefined) parts.use(containerd.process);
  parts.use(containerd.client);
  const plugins = latePlugins(logger);
  const networkContext: ControllerContext = {
    store,
    kernel,
    names,
    settings,
    logger,
    emit: (event) => events.emit(networkEvent(event)),
    onRepair: (lost, made) => diagnosis.noteRepair(lost, made),
    plugins: { plugins, namespacePath },
    lan: async () => (await lanLinks()).lanLinks,
  };
  const network = new NetworkController(networkContext);
  names.onRestart = async () => {
    await network.repair();
  };
  const runtime = chooseRuntime(await probeRuntime());
  const host = readHostFacts();
  const images = new Images({
    containerd: containerd.client,
    registry: {
      get mirrors() {
        return live.current.registryMirrors;
      },
      get insecure() {
        return live.current.insecureRegistries;
      },
      certificates: REGISTRY_CERTIFICATES,
    },
    execRoot: options.execRoot,
    concurrency: () => live.current.concurrency,
    emit: (event) => events.emit({ type: 'image', ...event }),
    usedBy: (imageId) => usersOf(table, imageId),
  });
  const linkCounters = (namespace: string) =>
    kernel.links(namespace).flatMap(({ name, statistics }) => (statistics ? [{ name, ...statistics }] : []));
  const borrowed = store.collection<BorrowedSysctl>('borrowed-sysctl');
  if (borrowed.size > 0) await (await import('./borrowed-sysctl.ts')).giveBackAll(kernel, borrowed);
  const { flowHistory, dataRoot } = options;
  const diagnosis = parts.use(diagnosisService({ engine: () => engine, kernel, borrowed, flowHistory, dataRoot }));
  let made: Promise<MapService> | undefined;
  const map = () => (made ??= maps().then(({ mapService }) => mapService(engine, logger)));
  const context: EngineContext = {
    store,
    containerd: containerd.client,
    network,
    images,
    events,
    keeper: names,
    makeFifo,
    setPipeCapacity,
    fileSystems: { mount: mountFileSystem, unmount: unmountFileSystem, mountPoints },
    mountWithIdentities,
    files: { openInRoot, openMountTree, makeNode, listXattrs, readXattr, writeXattr },
    namespacePath,
    openUnixDatagram,
    volumePlugins: plugins,
    openOwner: (name) => openOwner(namespacePath(name)),
    operation: (name, work) => {
      const operation = () => recorder.operation(name, work);
      return metrics === undefined ? operation() : metrics.measure(name, operation);
    },
    host,
    settings: {
      dataRoot: options.dataRoot,
      execRoot: options.execRoot,
      dns: options.dns,
      hostGateways: options.hostGateways,
      legacyLinkVariables: process.env['DOCKER_KEEP_DEPRECATED_LEGACY_LINKS_ENV_VARS'] !== '0',
      cgroupParent: options.cgroupParent,
      ...(identities && { identities }),
      selfRepair: options.selfRepair,
      isForwardingLacking: () => isForwardingLacking(options),
      runtime: { binary: runtime },
      log: options.log,
    },
    logger,
  };
  const wasKilled = existsSync(join(options.execRoot, 'buildkit', 'buildkitd.pid'));
  if (wasKilled) await (await buildKits()).recoverBuildKit(options, context);
  let buildKit: Promise<BuildKitService & AsyncDisposable> | undefined;
  const connected = { socket: containerd.socket, namespace: CONTAINERD_NAMESPACE };
  const surroundings = { options: () => live.current, context, containerd: connected };
  const engine: Engine = parts.use(
    new Engine(context, table, {
      info: systemInfo({
        id: engineId,
        options: () => live.current,
        containerd: containerd.client,
        containerdSocket: containerd.socket,
        runtime,
        unifiedCgroup: host.unifiedCgroup,
        userNamespaces: Boolean(identities),
        addressPools: options.addressPools,
      }),
      operations: () => operationRecords(recorder),
      transcript: (id) => operationTranscript(recorder, id),
      account: (id) => operationAccount(recorder, id),
      diagnosis,
      map,
      buildKit: () => (buildKit ??= buildKits().then(({ buildKitService }) => buildKitService(surroundings))),
      stage: async () => (await stages()).openStage(networkContext, kernel),
    }),
  );
  if (metrics !== undefined && options.metrics !== undefined) {
    const { serveMetrics } = await import('./metrics/metrics-server.ts');
    const sources = { version: VERSION, engine, network, linkCounters, names: () => names.statistics() };
    const all = { ...sources, eventCount: () => events.total };
    parts.use(await serveMetrics(options.metrics, () => metrics.collect(all)));
  }
  // Disposed of before the engine is: it decides while the store can still be read.
  parts.defer(async () => {
    if ([...table].some(isAlive)) return;
    logger.info('no container runs: containerd and the name service end too');
    await settleAll([
      () => containerd.process?.stop(),
      () => names.shutdown(),
      () => removeEmptyCgroupParents(),
      () => (engine.leavesNothing ? network.withdraw() : undefined),
    ]);
  });
  // Before all else: its builds are made in containerd, on networks.
  parts.defer(async () => (await buildKit)?.[Symbol.asyncDispose]());
  const owned = parts.move();
  const tellReload = () => events.emit(reloadEvent(engineId, hostname(), live.current));
  return { engine, tellReload, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The name of the default bridge where the operator has named none. */
function chosenBridge(store: Store, logger: Logger): string {
  const stored = Iterator.from(store.collection<Network>('network')).find(({ name }) => name === 'bridge');
  const known = stored?.bridge?.name;
  const chosen = defaultBridgeName(known, isOfDockerd);
  if (chosen !== known) logger.info('default bridge named', { bridge: chosen });
  return chosen;
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

/** All plugins in one registry, made by the first who needs one: each is asked once what it is. */
function latePlugins(logger: Logger): () => Promise<PluginRegistry> {
  let registry: Promise<PluginRegistry> | undefined;
  const make = async () => {
    const { dockerPluginPlaces, PluginRegistry: Registry } = await pluginModule();
    return new Registry(dockerPluginPlaces, logger);
  };
  return () => {
    registry ??= make();
    return registry;
  };
}

async function connectNames(options: DaemonOptions, logger: Logger): Promise<NameService> {
  return await NameService.connect({
    socket: join(options.execRoot, 'resolver.sock'),
    log: join(options.execRoot, 'resolver.log'),
    namespacePath,
    logger,
  });
}

/** A containerd to work with. */
interface ConnectedContainerd {
  readonly client: Containerd;
  readonly socket: string;
  /** Absent when it is not ours. */
  readonly process: PrivateContainerd | undefined;
}

async function connectContainerd(options: DaemonOptions, logger: Logger): Promise<ConnectedContainerd> {
  const socket = options.containerd ?? join(options.execRoot, 'containerd', 'containerd.sock');
  const places = { root: join(options.dataRoot, 'containerd'), state: join(options.execRoot, 'containerd'), socket };
  const untoldEnds = new Map<string, ExitStatus>();
  const process =
    options.containerd === undefined ? await PrivateContainerd.start({ ...places, untoldEnds }, logger) : undefined;
  const client = Containerd.connect(socket, { namespace: CONTAINERD_NAMESPACE, untoldEnds });
  await Promise.all([client.ensureNamespace(), client.verify()]);
  return { client, socket, process };
}

/** The engine's own id, made once. */
function identity(store: Store): string {
  const documents = store.collection<{ readonly id: string; readonly value: string }>('engine');
  return (documents.get('identity') ?? documents.put({ id: 'identity', value: newIdentifier() })).value;
}

function usersOf(table: ContainerTable, imageId: string) {
  return [...table]
    .filter((container) => container.imageId === imageId)
    .map((container) => ({ id: container.id, running: isUp(container) }));
}

function networkEvent({ action, network, container }: NetworkEvent) {
  const { id, name, driver } = network;
  return { type: 'network' as const, action, id, attributes: { name, type: driver, ...(container && { container }) } };
}
