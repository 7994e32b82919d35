import { FairleadError, lateModule, withPrefix } from '@fairlead/base';
import type { ContainerService, EnginePort } from '@fairlead/engine';
import { readJson } from '../http/json-body.ts';
import { type ApiRequest, flag, integer, parameter, text } from '../http/request.ts';
import { type ApiResponse, empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { mergedLabels } from '../wire/container-config.ts';
import { containerFilterKeys, selectContainers } from '../wire/container-filters.ts';
import { requireValidName } from '../wire/container-rules.ts';
import { presentSummary } from '../wire/container-summary.ts';
import { parseUpdate } from '../wire/container-update.ts';
import { presentContainer } from '../wire/container-view.ts';
import { Filters } from '../wire/filters.ts';
import { isDefaultTop, presentTop } from '../wire/process-table.ts';

const psOutput = lateModule(() => import('../wire/ps-output.ts'));

import { thoseThatAreThere } from './those-that-are-there.ts';

/** Containers as things: made, listed, looked at, renamed, removed. */
export function containerRoutes(engine: EnginePort): Route[] {
  const { containers } = engine;
  return [
    { method: 'GET', pattern: '/containers/json', handle: (request) => list(engine, request) },
    { method: 'POST', pattern: '/containers/prune', handle: (request) => prune(engine, request) },
    { method: 'GET', pattern: '/containers/{id}/json', handle: (request) => inspect(containers, request) },
    { method: 'GET', pattern: '/containers/{id}/top', handle: (request) => top(containers, request) },
    { method: 'POST', pattern: '/containers/{id}/rename', handle: (request) => rename(containers, request) },
    { method: 'POST', pattern: '/containers/{id}/update', handle: (request) => update(containers, request) },
    containerRemovalRoute(engine),
  ];
}

/** What a removal needs of the engine. */
interface Removing {
  readonly containers: Pick<ContainerService, 'remove'>;
  readonly networks: Pick<EnginePort['networks'], 'unlink'>;
}

/** The removal of a container, or of a link. */
export function containerRemovalRoute(engine: Removing): Route {
  return { method: 'DELETE', pattern: '/containers/{name*}', handle: (request) => remove(engine, request) };
}

async function list({ containers, images }: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const filters = await Filters.parse(text(request, 'filters'), containerFilterKeys).withExpressions('name');
  const local = filters.values('ancestor').length > 0 ? await images.list() : [];
  const limit = Math.max(0, integer(request, 'limit') ?? 0);
  const selected = selectContainers(
    await containers.listWithImages(),
    { all: flag(request, 'all'), limit, filters },
    local,
  );
  if (!flag(request, 'size')) return json(selected.map((view) => presentSummary(view, request.version)));
  const sized = thoseThatAreThere(selected, async (view) =>
    presentSummary(view, request.version, await containers.size(view.container.id)),
  );
  return json(await sized);
}

async function inspect(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const view = await containers.inspect(parameter(request, 'id'));
  const size = flag(request, 'size') ? await containers.size(view.container.id) : undefined;
  return json(presentContainer(view, request.version, size));
}

async function top(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const psArguments = text(request, 'ps_args');
  const pids = await containers.top(parameter(request, 'id'));
  if (psArguments === undefined || isDefaultTop(psArguments)) return json(await presentTop(pids));
  const { processTable } = await psOutput();
  return json(await processTable(psArguments, pids));
}

async function rename(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const name = text(request, 'name');
  if (name === undefined) throw new FairleadError('invalid-argument', 'Neither old nor new names may be empty');
  const { container } = await containers.inspect(parameter(request, 'id'));
  try {
    requireValidName(name.replace(/^\/?/, '/'));
  } catch (error) {
    throw withPrefix('Error when allocating new name: ', error);
  }
  await containers.rename(container.id, name.replace(/^\//, ''));
  return empty(204);
}

async function update(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const change = parseUpdate(await readJson(request), request.version);
  const warnings = await containers.update(parameter(request, 'id'), change);
  return json({ Warnings: warnings.length > 0 ? warnings : null });
}

/** A container, or with `link` only the link that is named `web/db`. */
async function remove({ containers, networks }: Removing, request: ApiRequest): Promise<ApiResponse> {
  const name = parameter(request, 'name');
  if (flag(request, 'link')) await networks.unlink(name);
  else await containers.remove(name, { force: flag(request, 'force'), volumes: flag(request, 'v') });
  return empty(204);
}

/** Removes what is not running; one that will not go does not keep the others. */
async function prune(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const filters = Filters.parse(text(request, 'filters'), ['label', 'label!', 'until']);
  const until = filters.until();
  const { deleted, reclaimed } = await (await engine.prunes()).containers((view) => {
    if (!filters.labels(mergedLabels(view))) return false;
    return until === undefined || BigInt(Math.floor(view.container.created)) * 1_000_000n < until;
  });
  return json({ ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed });
}
