import { FairleadError } from '@fairlead/base';
import type { EnginePort, Progress } from '@fairlead/engine';
import { type ApiRequest, flag, text } from '../http/request.ts';
import { type ApiResponse, empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { parseBuild } from '../wire/build.ts';
import { parseCachePrune } from '../wire/build-cache.ts';
import { parseKitBuild, uploadOf } from '../wire/kit-build.ts';
import { progressResponse } from './progress-response.ts';

/** Building: Engine API, `POST /build` and what belongs to it. */
export function buildRoutes(engine: EnginePort): Route[] {
  return [
    { method: 'POST', pattern: '/build', handle: (request) => build(engine, request) },
    { method: 'POST', pattern: '/build/cancel', handle: (request) => cancel(engine, request) },
    { method: 'POST', pattern: '/build/prune', handle: (request) => prune(engine, request) },
  ];
}

async function build(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  if (text(request, 'version') === '2') return await buildWithBuildKit(engine, request);
  const builds = await engine.builds();
  const reports = builds.build(request.body, parseBuild(request));
  // Before 1.30 clients did not know what to do with it.
  const known = request.version >= 30 ? reports : withoutIds(reports);
  return await progressResponse(flag(request, 'q') ? onlyId(known) : known);
}

/** The cache is BuildKit's: what the classic builder keeps are images, and those are pruned as such. */
async function prune(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const { deleted, reclaimed } = await (await engine.prunes()).buildCache(parseCachePrune(request));
  return json({ CachesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed });
}

/** What docker commands from before Buildx ask for when they are told to build with BuildKit, and some libraries. */
async function buildWithBuildKit(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const buildKit = await engine.buildKit();
  const upload = uploadOf(request);
  if (upload !== undefined) {
    await buildKit.giveContext(upload, request.body);
    return empty(200);
  }
  const reports = withIdOfResult(buildKit.build(parseKitBuild(request), request.body));
  return await progressResponse(flag(request, 'q') ? onlyId(reports) : reports);
}

/** Only builds of BuildKit have IDs, and one that is not known is no error. */
async function cancel(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const id = text(request, 'id');
  if (id === undefined) throw new FairleadError('invalid-argument', 'build ID not provided');
  (await engine.buildKit()).cancel(id);
  return empty(204);
}

/** Nothing but the image's ID; what a build has printed is told when it fails. */
async function* onlyId(reports: AsyncIterable<Progress>): AsyncGenerator<Progress> {
  const held: Progress[] = [];
  let id: string | undefined;
  try {
    for await (const report of reports) {
      held.push(report);
      id = report.built ?? id;
      if (report.error !== undefined) id = undefined;
    }
  } catch (error) {
    yield* held;
    throw error;
  }
  if (id === undefined) yield* held;
  else yield { stream: `${id}\n` };
}

async function* withoutIds(reports: AsyncIterable<Progress>): AsyncGenerator<Progress> {
  for await (const report of reports) if (report.built === undefined) yield report;
}

/** Clients of BuildKit tell the image from what goes on by this. */
async function* withIdOfResult(reports: AsyncIterable<Progress>): AsyncGenerator<Progress> {
  for await (const report of reports) yield report.built === undefined ? report : { ...report, id: 'moby.image.id' };
}
