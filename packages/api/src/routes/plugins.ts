import { FairleadError } from '@fairlead/base';
import type { EnginePort, PluginPull, Progress } from '@fairlead/engine';
import { readJson } from '../http/json-body.ts';
import { parseRegistryAuth } from '../http/registry-auth.ts';
import { type ApiRequest, flag, integer, parameter, text } from '../http/request.ts';
import { type ApiResponse, empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { Filters } from '../wire/filters.ts';
import { parsePrivileges, parseSettings, pluginFilterKeys, presentPlugin, selectPlugins } from '../wire/plugin.ts';
import { progressResponse } from './progress-response.ts';

/** Plugins that the engine runs: Engine API, "Plugins". */
export function pluginRoutes(engine: EnginePort): Route[] {
  return [
    { method: 'GET', pattern: '/plugins', handle: (request) => list(engine, request) },
    { method: 'GET', pattern: '/plugins/privileges', handle: (request) => privileges(engine, request) },
    { method: 'POST', pattern: '/plugins/pull', handle: (request) => pull(engine, request) },
    { method: 'POST', pattern: '/plugins/create', handle: (request) => create(engine, request) },
    { method: 'GET', pattern: '/plugins/{name*}/json', handle: (request) => inspect(engine, request) },
    { method: 'DELETE', pattern: '/plugins/{name*}', handle: (request) => remove(engine, request) },
    { method: 'POST', pattern: '/plugins/{name*}/enable', handle: (request) => enable(engine, request) },
    { method: 'POST', pattern: '/plugins/{name*}/disable', handle: (request) => disable(engine, request) },
    { method: 'POST', pattern: '/plugins/{name*}/upgrade', handle: (request) => upgrade(engine, request) },
    { method: 'POST', pattern: '/plugins/{name*}/push', handle: (request) => push(engine, request) },
    { method: 'POST', pattern: '/plugins/{name*}/set', handle: (request) => set(engine, request) },
  ];
}

async function list(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const filters = await Filters.parse(text(request, 'filters'), pluginFilterKeys).withExpressions('capability');
  return json(selectPlugins((await engine.plugins()).list(), filters).map(presentPlugin));
}

async function inspect(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  return json(presentPlugin((await engine.plugins()).inspect(parameter(request, 'name'))));
}

async function privileges(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  return json(await (await engine.plugins()).privileges(remotePlugin(request)));
}

async function pull(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const plugins = await engine.plugins();
  const wanted = await pluginPull(engine, request, text(request, 'name') ?? '');
  return named(wanted, await progressResponse(plugins.pull(wanted)));
}

async function upgrade(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const plugins = await engine.plugins();
  const wanted = await pluginPull(engine, request, parameter(request, 'name'));
  return named(wanted, await progressResponse(plugins.upgrade(wanted)));
}

async function create(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  await (await engine.plugins()).create(text(request, 'name') ?? '', request.body);
  return empty(204);
}

async function enable(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const timeout = integer(request, 'timeout');
  if (timeout === undefined) {
    throw new FairleadError('invalid-argument', 'strconv.Atoi: parsing "": invalid syntax');
  }
  await (await engine.plugins()).enable(parameter(request, 'name'), timeout);
  return empty(200);
}

async function disable(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  await (await engine.plugins()).disable(parameter(request, 'name'), { force: flag(request, 'force') });
  return empty(200);
}

async function remove(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  await (await engine.plugins()).remove(parameter(request, 'name'), { force: flag(request, 'force') });
  return empty(200);
}

async function push(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const { remote: _, ...options } = remotePlugin(request);
  const reports: AsyncIterable<Progress> = (await engine.plugins()).push(parameter(request, 'name'), options);
  return await progressResponse(reports);
}

async function set(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  await (await engine.plugins()).set(parameter(request, 'name'), parseSettings(await readJson(request)));
  return empty(204);
}

function remotePlugin(request: ApiRequest) {
  const auth = parseRegistryAuth(request.headers['x-registry-auth']);
  return { remote: text(request, 'remote') ?? '', ...(auth !== undefined && { auth }), signal: request.signal };
}

async function pluginPull(engine: EnginePort, request: ApiRequest, asked: string): Promise<PluginPull> {
  const privileges = parsePrivileges(await readJson(request));
  const remote = remotePlugin(request);
  return { ...remote, privileges, name: (await engine.plugins()).nameOf(remote.remote, asked) };
}

/** Clients go on with the name that the plugin has got. */
function named({ name }: PluginPull, response: ApiResponse): ApiResponse {
  if (response.kind === 'takeover') return response;
  return { ...response, headers: { ...response.headers, 'Docker-Plugin-Name': name } };
}
