import { lateModule, usualModule } from '@fairlead/base';
import type { EnginePort } from '@fairlead/engine';
import type { Route, RouteGroup } from '../http/route.ts';
import { pingRoutes } from './ping.ts';

const build = lateModule(() => import('./build.ts'));
const buildKit = lateModule(() => import('./build-kit.ts'));
const commit = lateModule(() => import('./commit.ts'));
const containerCreate = usualModule(() => import('./container-create.ts'));
const containerFiles = lateModule(() => import('./container-files.ts'));
const containerLife = usualModule(() => import('./container-life.ts'));
const containers = usualModule(() => import('./containers.ts'));
const containerStreams = usualModule(() => import('./container-streams.ts'));
const execs = usualModule(() => import('./execs.ts'));
const fairlead = usualModule(() => import('./fairlead.ts'));
const images = usualModule(() => import('./images.ts'));
const map = lateModule(() => import('./map.ts'));
const networks = usualModule(() => import('./networks.ts'));
const rehearsals = lateModule(() => import('./rehearsals.ts'));
const plugins = lateModule(() => import('./plugins.ts'));
const registries = lateModule(() => import('./registries.ts'));
const services = lateModule(() => import('./services.ts'));
const statistics = lateModule(() => import('./statistics.ts'));
const nodes = lateModule(() => import('./nodes.ts'));
const swarm = lateModule(() => import('./swarm.ts'));
const swarmPayloads = lateModule(() => import('./swarm-payloads.ts'));
const system = usualModule(() => import('./system.ts'));
const tasks = lateModule(() => import('./tasks.ts'));
const unsupported = lateModule(() => import('./unsupported.ts'));
const volumes = usualModule(() => import('./volumes.ts'));

/** Where there is something that this version refuses. */
const refusing = ['/containers', '/images/search'];

/**
 * Every route there is: the one table. Only what every client asks first is at hand; the rest is loaded with the first
 * request for it. Refusals stand before images, whose names may contain slashes.
 */
export function allRoutes(
  engine: EnginePort,
  productVersion: string,
  inviteToMap: () => Promise<string>,
): (Route | RouteGroup)[] {
  const ofSystem = async () => (await system()).systemRoutes(engine, productVersion);
  const ofRegistries = async () => (await registries()).registryRoutes(engine);
  const refusals = async () => (await unsupported()).unsupportedRoutes();
  return [
    ...pingRoutes(engine),
    ...['/version', '/info', '/events', '/system'].map((below) => ({ below, load: ofSystem })),
    { below: '/containers/create', load: async () => (await containerCreate()).containerCreateRoutes(engine) },
    { below: '/containers', load: async () => (await containers()).containerRoutes(engine) },
    { below: '/containers', load: async () => (await containerLife()).containerLifeRoutes(engine) },
    {
      below: '/containers',
      hijacked: [
        { method: 'POST', pattern: '/containers/{id}/attach' },
        { method: 'GET', pattern: '/containers/{id}/attach/ws' },
      ],
      load: async () => (await containerStreams()).containerStreamRoutes(engine),
    },
    { below: '/containers', load: async () => (await containerFiles()).containerFileRoutes(engine) },
    { below: '/containers', load: async () => (await statistics()).statisticsRoutes(engine) },
    { below: '/build', load: async () => (await build()).buildRoutes(engine) },
    {
      below: '/grpc',
      hijacked: [{ method: 'POST', pattern: '/grpc' }],
      load: async () => (await buildKit()).callRoutes(engine),
    },
    {
      below: '/session',
      hijacked: [{ method: 'POST', pattern: '/session' }],
      load: async () => (await buildKit()).sessionRoutes(engine),
    },
    { below: '/commit', load: async () => (await commit()).commitRoutes(engine) },
    ...['/auth', '/distribution'].map((below) => ({ below, load: ofRegistries })),
    { below: '/containers', load: async () => (await execs()).containerExecRoutes(engine) },
    {
      below: '/exec',
      hijacked: [{ method: 'POST', pattern: '/exec/{id}/start' }],
      load: async () => (await execs()).execRoutes(engine),
    },
    { below: '/networks', load: async () => (await networks()).networkRoutes(engine) },
    { below: '/volumes', load: async () => (await volumes()).volumeRoutes(engine) },
    { below: '/plugins', load: async () => (await plugins()).pluginRoutes(engine) },
    { below: '/swarm', load: async () => (await swarm()).swarmRoutes(engine) },
    { below: '/services', load: async () => (await services()).serviceRoutes(engine) },
    { below: '/tasks', load: async () => (await tasks()).taskRoutes(engine) },
    { below: '/nodes', load: async () => (await nodes()).nodeRoutes(engine) },
    { below: '/secrets', load: async () => (await swarmPayloads()).secretRoutes(engine) },
    { below: '/configs', load: async () => (await swarmPayloads()).configRoutes(engine) },
    ...refusing.map((below) => ({ below, load: refusals })),
    { below: '/images', load: async () => (await images()).imageRoutes(engine) },
    {
      below: '/fairlead/map',
      load: async () => [...(await map()).mapListenerRoutes(inviteToMap), ...(await map()).mapRoutes(engine)],
    },
    { below: '/fairlead/dry-run', load: async () => (await rehearsals()).rehearsalRoutes(engine) },
    { below: '/fairlead', load: async () => (await fairlead()).fairleadRoutes(engine, productVersion) },
  ];
}
