import type { ContainerConfig, EnginePort } from '@fairlead/engine';
import { readJson } from '../http/json-body.ts';
import { type ApiRequest, text } from '../http/request.ts';
import { type ApiResponse, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { parseCreate } from '../wire/container-create.ts';
import { requireValidName } from '../wire/container-rules.ts';
import { requirePlatform, requireSupported } from '../wire/unsupported-options.ts';

/** New containers. */
export function containerCreateRoutes(engine: EnginePort): Route[] {
  return [{ method: 'POST', pattern: '/containers/create', handle: (request) => create(engine, request) }];
}

async function create(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const created = await engine.containers.create(await readCreateRequest(engine, request));
  return json({ Id: created.id, Warnings: created.warnings }, 201);
}

/**
 * What a request asks to be made.
 *
 * @throws FairleadError in Docker's words for what cannot be.
 */
export async function readCreateRequest(
  engine: EnginePort,
  request: ApiRequest,
): Promise<ContainerConfig & { readonly name?: string }> {
  const name = text(request, 'name');
  const config = parseCreate(await readJson(request), request.version);
  if (name !== undefined) requireValidName(name);
  requireSupported(config, (await engine.info()).runtimeName);
  const platform = text(request, 'platform');
  if (platform !== undefined) requirePlatform(await engine.images.inspect(config.image), config.image, platform);
  return { ...config, ...(name !== undefined && { name: name.replace(/^\//, '') }) };
}
