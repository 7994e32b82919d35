import { FairleadError } from '@fairlead/base';
import type { EngineEvent, EnginePort } from '@fairlead/engine';
import { type ApiRequest, text } from '../http/request.ts';
import { type ApiResponse, json, stream } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { presentCacheRecord } from '../wire/build-cache.ts';
import { presentSummary } from '../wire/container-summary.ts';
import { presentEvent } from '../wire/event.ts';
import { eventFilterKeys, matchesEvent } from '../wire/event-filters.ts';
import { Filters } from '../wire/filters.ts';
import { presentImageSummary } from '../wire/image.ts';
import { isHiddenStep } from '../wire/image-filters.ts';
import { sharedSizes } from '../wire/layer-sharing.ts';
import { presentSwarmInfo } from '../wire/swarm/info.ts';
import { presentInfo, presentVersion } from '../wire/system.ts';
import { parseTimestamp } from '../wire/time.ts';
import { presentVolumeUsage } from '../wire/volume.ts';
import { hasNoOptions } from '../wire/volume-filters.ts';
import { thoseThatAreThere } from './those-that-are-there.ts';

/** The engine as a whole: Engine API, "System". */
export function systemRoutes(engine: EnginePort, productVersion: string): Route[] {
  return [
    {
      method: 'GET',
      pattern: '/version',
      handle: async () => json(presentVersion(await engine.info(), productVersion)),
    },
    { method: 'GET', pattern: '/info', handle: (request) => info(engine, productVersion, request) },
    { method: 'GET', pattern: '/events', handle: (request) => events(engine, request) },
    { method: 'GET', pattern: '/system/df', handle: (request) => diskUsage(engine, request) },
  ];
}

async function info(engine: EnginePort, productVersion: string, request: ApiRequest): Promise<ApiResponse> {
  const [facts, images] = await Promise.all([engine.info(), engine.images.list()]);
  const drivers = engine.networks.list().map(({ driver }) => driver);
  const networkDrivers = [...drivers, ...engine.runningPlugins('networkdriver')];
  const volumeDrivers = engine.volumes.drivers();
  const counts = {
    ...{ containers: engine.containers.list(), images: images.length, networkDrivers, volumeDrivers },
    ...(engine.swarmStatus() !== 'inactive' && { swarm: presentSwarmInfo(await engine.swarm()) }),
  };
  return json(presentInfo(facts, counts, productVersion, request.version));
}

function events(engine: EnginePort, request: ApiRequest): ApiResponse {
  const filters = Filters.parse(text(request, 'filters'), eventFilterKeys);
  const since = eventTime(text(request, 'since'));
  const until = eventTime(text(request, 'until'));
  requireOrder(request, since, until);
  const source = engine.events({
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    signal: request.signal,
  });
  return stream(eventLines(source, filters, request), 'application/json');
}

/** Unlike in logs, 0 is no absence of a limit here but the beginning of all time: `--since 0` asks for all that is kept. */
function eventTime(value: string | undefined): bigint | undefined {
  return parseTimestamp(value) ?? (value === undefined ? undefined : 0n);
}

/** @throws FairleadError `invalid-argument` in Docker's words for an end before the beginning. */
function requireOrder(request: ApiRequest, since = 0n, until = 0n): void {
  if (until === 0n || until >= since) return;
  const [begin, end] = ['since', 'until'].map((name) => text(request, name) ?? '');
  throw new FairleadError('invalid-argument', `\`since\` time (${begin}) cannot be after \`until\` time (${end})`);
}

async function* eventLines(
  source: AsyncIterable<EngineEvent>,
  filters: Filters,
  request: ApiRequest,
): AsyncGenerator<string> {
  for await (const event of source) if (matchesEvent(event, filters)) yield presentEvent(event, request.version);
}

/**
 * Sizes that are known. What classic builds keep are images; the cache is BuildKit's. What options of a volume mount is not
 * on this disk.
 */
async function diskUsage(
  { containers, images, volumes, buildKit }: EnginePort,
  request: ApiRequest,
): Promise<ApiResponse> {
  const views = await containers.listWithImages();
  const local = (await images.list()).filter((image) => !isHiddenStep(image));
  const count = (id: string): number => views.filter(({ container }) => container.imageId === id).length;
  const shared = sharedSizes(local);
  const plain = volumes.local().filter(hasNoOptions);
  const [layersSize, sized, measured, cache] = await Promise.all([
    images.layersSize(),
    thoseThatAreThere(views, async (view) =>
      presentSummary(view, request.version, await containers.size(view.container.id)),
    ),
    thoseThatAreThere(plain, async (view) => presentVolumeUsage(view, await volumes.size(view.volume.id))),
    buildKit().then((service) => service.cache()),
  ]);
  return json({
    LayersSize: layersSize,
    Images: local.map((image) => presentImageSummary(image, request.version, count(image.id), shared.get(image.id))),
    Containers: sized,
    Volumes: measured,
    BuildCache: cache.map((record) => presentCacheRecord(record, request.version)),
  });
}
