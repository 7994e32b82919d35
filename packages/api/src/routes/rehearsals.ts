import type { EnginePort, Rehearsal } from '@fairlead/engine';
import type { ApiRequest } from '../http/request.ts';
import { type ApiResponse, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { readCreateRequest } from './container-create.ts';
import { containerTurnRoutes } from './container-life.ts';
import { containerRemovalRoute } from './containers.ts';
import { networkChangeRoutes } from './network-changes.ts';
import { networkRoutes } from './networks.ts';

/** Where operations are asked what they would do: each under its own path, below this one. */
const PLACE = '/fairlead/dry-run';

/** Docker's operations that can be rehearsed. */
const dockers: readonly Pick<Route, 'method' | 'pattern'>[] = [
  { method: 'POST', pattern: '/networks/create' },
  { method: 'POST', pattern: '/networks/{id}/connect' },
  { method: 'POST', pattern: '/networks/{id}/disconnect' },
  { method: 'DELETE', pattern: '/networks/{id}' },
  ...['start', 'stop', 'restart', 'kill', 'pause', 'unpause'].map((verb) => ({
    method: 'POST' as const,
    pattern: `/containers/{id}/${verb}`,
  })),
  { method: 'DELETE', pattern: '/containers/{name*}' },
];

/**
 * What operations would do. Requests and refusals are those of the operations, read and thrown by the same code; the answer
 * is the outcome of the rehearsal.
 */
export function rehearsalRoutes(engine: EnginePort): Route[] {
  const row = ({ method, pattern }: Pick<Route, 'method' | 'pattern'>): Route => ({
    method,
    pattern: `${PLACE}${pattern.replace(/^\/fairlead/, '')}`,
    handle: (request) => rehearse(engine, (rehearsal) => routeOf(rehearsal, engine, method, pattern).handle(request)),
  });
  return [
    ...[...dockers, ...networkChangeRoutes(engine)].map(row),
    { method: 'POST', pattern: `${PLACE}/containers/run`, handle: (request) => run(engine, request) },
  ];
}

/** `docker run`: what is created and started in two requests, in one. */
async function run(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const wanted = await readCreateRequest(engine, request);
  return await rehearse(engine, (rehearsal) => rehearsal.run(wanted));
}

async function rehearse(engine: EnginePort, work: (rehearsal: Rehearsal) => unknown): Promise<ApiResponse> {
  using rehearsal = await engine.rehearse();
  await work(rehearsal);
  return json(await rehearsal.outcome());
}

function routeOf({ networks, containers }: Rehearsal, { prunes }: EnginePort, method: string, pattern: string): Route {
  const routes = [
    ...networkRoutes({ networks, prunes }),
    ...networkChangeRoutes({ networks }),
    ...containerTurnRoutes(containers),
    containerRemovalRoute({ networks, containers }),
  ];
  const found = routes.find((route) => route.method === method && route.pattern === pattern);
  if (found === undefined) throw new Error(`no operation ${method} ${pattern}`);
  return found;
}
