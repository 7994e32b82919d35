import { FairleadError } from '@fairlead/base';
import type { EnginePort, Image, ImageRemoval, ImageService, Progress, RemoteArchive } from '@fairlead/engine';
import { parseRegistryAuth } from '../http/registry-auth.ts';
import { type ApiRequest, flag, parameter, text } from '../http/request.ts';
import { type ApiResponse, empty, json, stream } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { Filters } from '../wire/filters.ts';
import { presentImage, presentImageSummary } from '../wire/image.ts';
import { imageFilterKeys, isDangling, isHiddenStep, nameTest, selectImages } from '../wire/image-filters.ts';
import { onlyPlatform, requireAskedPlatform } from '../wire/image-platform.ts';
import { sharedSizes } from '../wire/layer-sharing.ts';
import { unixSeconds } from '../wire/time.ts';
import { progressResponse } from './progress-response.ts';

/** Images: Engine API, "Images", but for building. */
export function imageRoutes(engine: EnginePort): Route[] {
  const { images } = engine;
  return [
    { method: 'GET', pattern: '/images/json', handle: (request) => list(engine, request) },
    { method: 'POST', pattern: '/images/create', handle: (request) => create(engine, request) },
    { method: 'POST', pattern: '/images/load', handle: (request) => load(images, request) },
    {
      method: 'GET',
      pattern: '/images/get',
      handle: (request) => save(images, request, request.query.getAll('names')),
    },
    {
      method: 'GET',
      pattern: '/images/{name*}/get',
      handle: (request) => save(images, request, [parameter(request, 'name')]),
    },
    { method: 'POST', pattern: '/images/prune', handle: (request) => prune(engine, request) },
    { method: 'GET', pattern: '/images/{name*}/json', handle: (request) => inspect(images, request) },
    { method: 'GET', pattern: '/images/{name*}/history', handle: (request) => history(images, request) },
    { method: 'POST', pattern: '/images/{name*}/push', handle: (request) => push(images, request) },
    { method: 'POST', pattern: '/images/{name*}/tag', handle: (request) => tag(images, request) },
    { method: 'DELETE', pattern: '/images/{name*}', handle: (request) => remove(images, request) },
  ];
}

async function list({ images, containers }: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const filters = Filters.parse(text(request, 'filters'), imageFilterKeys);
  const all = flag(request, 'all');
  const isNamed = await nameTest(filters);
  const selected = selectImages(await images.list(), filters, isNamed).filter((image) => all || !isHiddenStep(image));
  const used = containers.list();
  // Not counted before 1.51, which clients read from -1.
  const count = (id: string): number =>
    request.version < 51 ? -1 : used.filter(({ container }) => container.imageId === id).length;
  // Since 1.42 on demand: it takes a look at every layer.
  const shared = request.version >= 42 && flag(request, 'shared-size') ? sharedSizes(selected) : undefined;
  return json(
    selected.map((image) => presentImageSummary(image, request.version, count(image.id), shared?.get(image.id))),
  );
}

async function create(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const { images } = engine;
  const platform = text(request, 'platform');
  const fromImage = text(request, 'fromImage');
  if (fromImage === undefined) return await importArchive(engine, request, platform);
  const auth = parseRegistryAuth(request.headers['x-registry-auth']);
  return await progressResponse(
    images.pull(imageName(fromImage, text(request, 'tag')), {
      ...(platform !== undefined && { platform }),
      ...(auth !== undefined && { auth }),
      signal: request.signal,
    }),
  );
}

/** A name with the tag or digest that came beside it. */
function imageName(name: string, tag: string | undefined): string {
  if (tag === undefined) return name;
  return tag.includes(':') ? `${name}@${tag}` : `${name}:${tag}`;
}

async function importArchive(
  engine: EnginePort,
  request: ApiRequest,
  platform: string | undefined,
): Promise<ApiResponse> {
  const source = text(request, 'fromSrc');
  if (source === undefined) throw new FairleadError('invalid-argument', 'fromImage or fromSrc must be given');
  const [repository, tagText, asked] = ['repo', 'tag', 'message'].map((name) => text(request, name));
  const remote = source === '-' ? undefined : await engine.fetchArchive(source, request.signal);
  const message = asked ?? (remote && `Imported from ${remote.url}`);
  const reports = engine.images.import(remote?.content ?? request.body, {
    ...(repository !== undefined && { repository }),
    ...(tagText !== undefined && { tag: tagText }),
    ...(message !== undefined && { message }),
    changes: request.query.getAll('changes'),
    ...(platform !== undefined && { platform }),
  });
  return await progressResponse(remote === undefined ? reports : downloading(remote, reports));
}

async function* downloading({ url }: RemoteArchive, reports: AsyncIterable<Progress>): AsyncGenerator<Progress> {
  yield { status: `Downloading from ${url}` };
  yield* reports;
}

async function load(images: ImageService, request: ApiRequest): Promise<ApiResponse> {
  const [quiet, platform] = [flag(request, 'quiet', true), onlyPlatform(request, 48)];
  return await progressResponse(images.load(request.body, { quiet, ...(platform !== undefined && { platform }) }));
}

async function push(images: ImageService, request: ApiRequest): Promise<ApiResponse> {
  const [name, tag] = [parameter(request, 'name'), text(request, 'tag')];
  const auth = parseRegistryAuth(request.headers['x-registry-auth']);
  if (request.query.has('platform')) {
    const reference = imageName(name, tag);
    requireAskedPlatform(request, await images.inspect(reference), reference, 46);
  }
  return await progressResponse(
    images.push(name, {
      ...(tag !== undefined && { tag }),
      ...(auth !== undefined && { auth }),
      signal: request.signal,
    }),
  );
}

async function save(images: ImageService, request: ApiRequest, names: readonly string[]): Promise<ApiResponse> {
  if (request.query.has('platform')) {
    for (const name of names) requireAskedPlatform(request, await images.inspect(name), name, 48);
  }
  return stream(await images.save(names), 'application/x-tar');
}

async function inspect(images: ImageService, request: ApiRequest): Promise<ApiResponse> {
  const name = parameter(request, 'name');
  const image = await images.inspect(name);
  requireAskedPlatform(request, image, name, 49);
  return json(presentImage(image, request.version));
}

async function history(images: ImageService, request: ApiRequest): Promise<ApiResponse> {
  const name = parameter(request, 'name');
  if (request.query.has('platform')) requireAskedPlatform(request, await images.inspect(name), name, 48);
  const entries = await images.history(name);
  return json(
    entries.map(({ id, created, createdBy, tags, size, comment }) => ({
      Id: id,
      Created: unixSeconds(created),
      CreatedBy: createdBy,
      Tags: tags.length > 0 ? tags : null,
      Size: size,
      Comment: comment,
    })),
  );
}

async function tag(images: ImageService, request: ApiRequest): Promise<ApiResponse> {
  await images.tag(parameter(request, 'name'), text(request, 'repo') ?? '', text(request, 'tag') ?? 'latest');
  return empty(201);
}

async function remove(images: ImageService, request: ApiRequest): Promise<ApiResponse> {
  const removals = await images.remove(parameter(request, 'name'), {
    force: flag(request, 'force'),
    prune: !flag(request, 'noprune'),
  });
  return json(removals.map(presentRemoval));
}

function presentRemoval(removal: ImageRemoval) {
  return 'untagged' in removal ? { Untagged: removal.untagged } : { Deleted: removal.deleted };
}

/** Removes images without a name, or with `dangling=false` all that no container uses. */
async function prune(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const filters = Filters.parse(text(request, 'filters'), ['dangling', 'label', 'label!', 'until']);
  const onlyUnnamed = filters.boolean('dangling') ?? true;
  const others = filters.without('dangling');
  // Also when there is no image to hold against it.
  others.until();
  const isWanted = (image: Image) => isDangling(image) || (!onlyUnnamed && image.tags.length > 0);
  const isSelected = (image: Image) => selectImages([image], others).length > 0;
  const { removals, reclaimed } = await (await engine.prunes()).images((image) => isWanted(image) && isSelected(image));
  const deleted = removals.length > 0 ? removals.map(presentRemoval) : null;
  return json({ ImagesDeleted: deleted, SpaceReclaimed: reclaimed });
}
