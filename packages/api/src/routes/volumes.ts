import { FairleadError } from '@fairlead/base';
import type { EnginePort, VolumeService } from '@fairlead/engine';
import { readBody } from '../http/json-body.ts';
import { type ApiRequest, flag, parameter, text } from '../http/request.ts';
import { type ApiResponse, empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { Filters } from '../wire/filters.ts';
import { parseVolumeCreate, presentVolume, volumeCreateSchema } from '../wire/volume.ts';
import { pruneChoice, selectVolumes, volumeFilterKeys, volumePruneKeys } from '../wire/volume-filters.ts';

/** Volumes: Engine API, "Volumes". */
export function volumeRoutes(engine: EnginePort): Route[] {
  const { volumes } = engine;
  return [
    { method: 'GET', pattern: '/volumes', handle: (request) => list(volumes, request) },
    { method: 'POST', pattern: '/volumes/create', handle: (request) => create(volumes, request) },
    { method: 'POST', pattern: '/volumes/prune', handle: (request) => prune(engine, request) },
    {
      method: 'GET',
      pattern: '/volumes/{name}',
      handle: async (request) => json(presentVolume(await volumes.inspect(parameter(request, 'name')))),
    },
    { method: 'PUT', pattern: '/volumes/{name}', handle: refuseUpdate },
    { method: 'DELETE', pattern: '/volumes/{name}', handle: (request) => remove(volumes, request) },
  ];
}

async function list(volumes: VolumeService, request: ApiRequest): Promise<ApiResponse> {
  const filters = await Filters.parse(text(request, 'filters'), volumeFilterKeys).withExpressions('name');
  const { volumes: all, warnings } = await volumes.list();
  const Volumes = selectVolumes(all, filters).map(presentVolume);
  return json({ Volumes, Warnings: warnings.length > 0 ? warnings : null });
}

async function create(volumes: VolumeService, request: ApiRequest): Promise<ApiResponse> {
  const wire = await readBody(request, volumeCreateSchema, 'CreateRequest');
  return json(presentVolume(await volumes.create(parseVolumeCreate(wire))), 201);
}

async function remove(volumes: VolumeService, request: ApiRequest): Promise<ApiResponse> {
  await volumes.remove(parameter(request, 'name'), { force: flag(request, 'force') });
  return empty(204);
}

async function prune(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const filters = Filters.parse(text(request, 'filters'), volumePruneKeys);
  const { deleted, reclaimed } = await (await engine.prunes()).volumes(pruneChoice(filters, request.version));
  return json({ VolumesDeleted: deleted, SpaceReclaimed: reclaimed });
}

function refuseUpdate(): never {
  throw new FairleadError('unavailable', 'volume update only valid for cluster volumes, but swarm is unavailable');
}
