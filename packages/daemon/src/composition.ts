import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Authorizer } from '@fairlead/api';
import { type Logger, lateModule, parsePrefix, settleAll } from '@fairlead/base';
import { type BuildKitService, Engine, type EngineContext, isAlive, type MapService } from '@fairlead/engine';
import { namespacePath, removeNamespaceDirectory } from '@fairlead/kernel';
import { type ControllerContext, NetworkController, type NetworkEvent } from '@fairlead/network';
import { removeEmptyCgroupParents } from '@fairlead/runtime';
import { authorizersOf, requireAuthorizers } from './authorizers.ts';
import { Diagnosis, type RivalListener } from './diagnosis.ts';
import type { AskedContainerd } from './early-question.ts';
import { engineContext } from './engine-context.ts';
import { type Foundation, layFoundation } from './foundation.ts';
import { operationAccount, operationRecords, operationTranscript } from './operation-journal.ts';
import type { DaemonOptions, LiveOptions } from './options.ts';
import { newAuthorizers, reloadEvent } from './reload.ts';
import { LateSwarm } from './swarm/late-swarm.ts';
import { systemInfo } from './system-info.ts';
import { VERSION } from './version.ts';

const buildKits = lateModule(() => import('./build-kit-service.ts'));
const maps = lateModule(() => import('./map-service.ts'));
const stages = lateModule(() => import('./rehearsal-stage.ts'));
const addressClaims = lateModule(() => import('./address-claims.ts'));
const lanLinks = lateModule(() => import('./lan-links.ts'));

/** The engine together with everything that it stands on. */
export interface ComposedEngine extends AsyncDisposable {
  readonly engine: Engine;
  /** Those who are asked about every request. */
  readonly authorizers: () => Promise<readonly Authorizer[]>;
  /** @throws FairleadError when options that have been read again cannot be: a plugin that is to be asked is not there. */
  readonly requireReloadable: (options: DaemonOptions) => Promise<void>;
  /** Say that the options have been read again. */
  readonly tellReload: () => void;
}

/**
 * Put all parts together: only this, the foundation and the engine's context know every package. The engine is not
 * started yet.
 *
 * @param asked a containerd that has been asked already; see `askEarly`.
 * @throws FairleadError when a part cannot be had; what was started is left for the next attempt.
 */
export async function composeEngine(
  live: LiveOptions,
  logger: Logger,
  asked?: AskedContainerd,
): Promise<ComposedEngine> {
  await using parts = new AsyncDisposableStack();
  const foundation = await layFoundation(live, logger, parts, asked);
  await foundation.managed.recover();
  await requireAuthorizers(foundation, live.current.authorizationPlugins);
  const { recorder, kernel, engineId, events, table, names, borrowed } = foundation;
  const { flowHistory, dataRoot } = live.current;
  const diagnosis = parts.use(new Diagnosis({ engine: () => engine, kernel, borrowed, flowHistory, dataRoot }));
  const swarm = new LateSwarm({ ...foundation, engine: () => engine });
  const networkContext = networkContextOn(foundation, diagnosis, swarm);
  const network = new NetworkController(networkContext);
  names.onRestart = async () => {
    await network.repair();
  };
  // Whoever cannot have it is told so when it is needed.
  table.whenMade(() => void names.prepare().catch(() => {}));
  const context = engineContext(foundation, network);
  const buildKit = await lateBuildKit(foundation, context);
  await swarm.settle(context);
  const engine: Engine = parts.use(
    new Engine(context, table, {
      tasks: foundation.containerd.tasks,
      info: systemInfoOf(foundation, context),
      operations: () => operationRecords(recorder),
      transcript: (id) => operationTranscript(recorder, id),
      account: (id) => operationAccount(recorder, id),
      diagnosis,
      map: lateMap(() => engine, logger),
      buildKit: buildKit.service,
      plugins: foundation.managed.service,
      runningPlugins: foundation.managed.capable,
      swarm: swarm.service,
      swarmStatus: swarm.status,
      resumeSwarm: swarm.resume,
      stage: async () => (await stages()).openStage(networkContext, kernel),
    }),
  );
  await tellMetrics(foundation, { engine, network, parts });
  // Disposed of before the engine is: it decides while the store can still be read.
  parts.defer(() => endWhatNobodyNeeds(foundation, { engine, network }));
  // Before all else: its builds are made in containerd, on networks.
  parts.use(buildKit);
  parts.use(swarm);
  const owned = parts.move();
  const tellReload = () => events.emit(reloadEvent(engineId, hostname(), live.current));
  return {
    engine,
    authorizers: authorizersOf(foundation),
    requireReloadable: (options) => requireAuthorizers(foundation, newAuthorizers(live.current, options)),
    tellReload,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function networkContextOn(foundation: Foundation, diagnosis: RivalListener, swarm: LateSwarm): ControllerContext {
  const { store, kernel, names, networkSettings, logger, events, plugins } = foundation;
  return {
    ...{ store, kernel, names, logger },
    settings: { ...networkSettings, ...swarmSettings(swarm) },
    emit: (event) => events.emit(networkEvent(event)),
    onRepair: (lost, made) => diagnosis.noteRepair(lost, made),
    onClaim: (claim) => diagnosis.noteClaim(claim),
    plugins: { plugins, namespacePath },
    lan: async () => (await lanLinks()).lanLinks,
    claims: async () => (await addressClaims()).addressClaims,
  };
}

/** Networks of a swarm are there only in one, and have its subnets. */
function swarmSettings(swarm: LateSwarm) {
  return {
    inSwarm: () => swarm.status() === 'active',
    swarmSources: () => {
      const { pools, size } = swarm.pools() ?? { pools: [], size: 24 };
      return pools.map((pool) => ({ base: parsePrefix(pool), size }));
    },
  };
}

function networkEvent({ action, network, container }: NetworkEvent) {
  const { id, name, driver } = network;
  return { type: 'network' as const, action, id, attributes: { name, type: driver, ...(container && { container }) } };
}

function systemInfoOf({ live, containerd, engineId, identities, runtime }: Foundation, { host }: EngineContext) {
  return systemInfo({
    id: engineId,
    options: () => live.current,
    containerd: containerd.client,
    containerdSocket: containerd.socket,
    runtime,
    unifiedCgroup: host.unifiedCgroup,
    userNamespaces: Boolean(identities),
    addressPools: live.current.addressPools,
  });
}

/** BuildKit, made by the first who needs it; what one has left whose daemon was killed is taken away at once. */
async function lateBuildKit({ live, containerd: { socket, namespace } }: Foundation, context: EngineContext) {
  const wasKilled = existsSync(join(live.current.execRoot, 'buildkit', 'buildkitd.pid'));
  if (wasKilled) await (await buildKits()).recoverBuildKit(live.current, context);
  let made: Promise<BuildKitService & AsyncDisposable> | undefined;
  const surroundings = { options: () => live.current, context, containerd: { socket, namespace } };
  return {
    service: () => (made ??= buildKits().then(({ buildKitService }) => buildKitService(surroundings))),
    [Symbol.asyncDispose]: async () => (await made)?.[Symbol.asyncDispose](),
  };
}

/** The map, made by the first who looks at it. */
function lateMap(engine: () => Engine, logger: Logger): () => Promise<MapService> {
  let made: Promise<MapService> | undefined;
  return () => (made ??= maps().then(({ mapService }) => mapService(engine(), logger)));
}

/** What is composed on a foundation. */
interface Composed {
  readonly engine: Engine;
  readonly network: NetworkController;
}

/** Serve metrics where the operator wants them. */
async function tellMetrics(
  { live, metrics, kernel, names, events }: Foundation,
  { engine, network, parts }: Composed & { readonly parts: AsyncDisposableStack },
): Promise<void> {
  const address = live.current.metrics;
  if (metrics === undefined || address === undefined) return;
  const { serveMetrics } = await import('./metrics/metrics-server.ts');
  const sources = {
    ...{ version: VERSION, engine, network },
    linkCounters: (namespace: string) =>
      kernel.links(namespace).flatMap(({ name, statistics }) => (statistics ? [{ name, ...statistics }] : [])),
    names: () => names.statistics(),
    eventCount: () => events.total,
  };
  parts.use(await serveMetrics(address, () => metrics.collect(sources)));
}

/** The processes beside the daemon have work for as long as a container runs. */
async function endWhatNobodyNeeds(foundation: Foundation, { engine, network }: Composed): Promise<void> {
  const { table, containerd, names, logger, managed } = foundation;
  if ([...table].some(isAlive)) return;
  logger.info('no container runs: containerd and the name service end too');
  await settleAll([
    () => managed.stopAll(),
    () => containerd.process?.stop(),
    () => names.shutdown(),
    () => removeEmptyCgroupParents(),
    () => (engine.leavesNothing ? network.withdraw().then(removeNamespaceDirectory) : undefined),
  ]);
}
