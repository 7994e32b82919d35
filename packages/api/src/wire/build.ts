import { FairleadError } from '@fairlead/base';
import type { BuildOptions, Json, RegistryAuth } from '@fairlead/engine';
import * as v from 'valibot';
import { decodeAuth } from '../http/registry-auth.ts';
import { type ApiRequest, flag, text } from '../http/request.ts';
import { decodeJson, goStringMap, goStrings, isJsonObject } from './go-json.ts';
import { hostConfigSchema, parseHostConfig } from './host-config.ts';
import { requireResources } from './resource-rules.ts';

/** Values of `--build-arg`: `null` for a name without one. */
export const argumentsSchema = v.record(v.string(), v.nullable(v.string()));

/**
 * What `POST /build` asks for.
 *
 * @throws FairleadError `invalid-argument` in Docker's words, `not-implemented` for what only BuildKit does.
 */
export function parseBuild(request: ApiRequest): BuildOptions {
  refuseUnsupported(request);
  const given = decoded(request, 'buildargs', 'error reading build args', argumentsSchema) ?? {};
  const forceRemove = flag(request, 'forcerm');
  return {
    ...parseImageQuery(request),
    arguments: new Map(Object.entries(given).map(([name, value]) => [name, value ?? undefined])),
    remove: forceRemove || text(request, 'rm') === undefined || flag(request, 'rm'),
    forceRemove,
    ...buildHost(request),
    credentials: parseCredentials(request.headers['x-registry-config']),
  };
}

/** What a request says of the image that is to be built, whoever builds it. @throws FairleadError `invalid-argument`. */
export function parseImageQuery(request: ApiRequest) {
  return {
    dockerfile: text(request, 'dockerfile') ?? '',
    tags: request.query.getAll('t').filter((tag) => tag !== ''),
    labels: decoded(request, 'labels', 'error reading labels', goStringMap) ?? {},
    target: text(request, 'target') ?? '',
    platform: text(request, 'platform') ?? '',
    noCache: flag(request, 'nocache'),
    cacheFrom: decoded(request, 'cachefrom', 'error reading cache sources', goStrings) ?? [],
    pull: flag(request, 'pull'),
    signal: request.signal,
  };
}

/** One clear line for each thing that is not done, before anything is read. */
function refuseUnsupported(request: ApiRequest): void {
  const version = text(request, 'version') ?? '1';
  if (version !== '1') throw invalid(`invalid version ${version}`);
  if (flag(request, 'squash')) throw invalid('squash is only supported with experimental mode');
  if (text(request, 'securityopt') !== undefined) {
    throw invalid('The daemon on this platform does not support setting security options on build');
  }
  const isolation = text(request, 'isolation');
  if (isolation !== undefined && isolation !== 'default') throw invalid(`Unsupported isolation: "${isolation}"`);
  if (![undefined, '[]', 'null'].includes(text(request, 'outputs'))) {
    throw new FairleadError('not-implemented', 'outputs other than an image are not supported: they need BuildKit');
  }
  const remote = text(request, 'remote');
  if (remote === undefined) return;
  const advice = 'send the files themselves, such as with docker build .';
  throw new FairleadError('not-implemented', `building from ${remote} is not supported: ${advice}`);
}

/** The containers of a build: as `docker run` without options would make them, but for what the request says. */
export function buildHost(request: ApiRequest): Pick<BuildOptions, 'host' | 'requireHost'> {
  const wire = {
    NetworkMode: text(request, 'networkmode') ?? '',
    ExtraHosts: request.query.getAll('extrahosts').filter((host) => host !== ''),
    CgroupParent: text(request, 'cgroupparent') ?? '',
    ShmSize: number(request, 'shmsize'),
    Memory: number(request, 'memory'),
    MemorySwap: number(request, 'memswap'),
    CpuShares: number(request, 'cpushares'),
    CpuPeriod: number(request, 'cpuperiod'),
    CpuQuota: number(request, 'cpuquota'),
    CpusetCpus: text(request, 'cpusetcpus') ?? '',
    CpusetMems: text(request, 'cpusetmems') ?? '',
    Ulimits: json(request, 'ulimits', 'error reading ulimit settings') ?? [],
    LogConfig: { Type: 'none', Config: {} },
  };
  const decoded = decodeJson(hostConfigSchema, wire, 'HostConfig');
  return { host: parseHostConfig(decoded, request.version), requireHost: () => requireResources(decoded) };
}

/** What is no number counts as none, as in dockerd. */
function number(request: ApiRequest, name: string): number {
  const value = Number(text(request, name) ?? 0);
  return Number.isSafeInteger(value) ? value : 0;
}

export function decoded<Schema extends v.GenericSchema>(
  request: ApiRequest,
  name: string,
  problem: string,
  schema: Schema,
): v.InferOutput<Schema> | undefined {
  const value = json(request, name, problem);
  return value === undefined || value === null ? undefined : decodeJson(schema, value, name);
}

function json(request: ApiRequest, name: string, problem: string): Json | undefined {
  const value = text(request, name);
  if (value === undefined) return undefined;
  try {
    return JSON.parse(value) as Json;
  } catch (cause) {
    throw new FairleadError('invalid-argument', `${problem}: invalid JSON in ${name}`, { cause });
  }
}

/** Credentials of all registries that a client knows, by host. What cannot be read is no error, as in dockerd. */
export function parseCredentials(header: string | string[] | undefined): ReadonlyMap<string, RegistryAuth> {
  const encoded = Array.isArray(header) ? header[0] : header;
  if (encoded === undefined) return new Map();
  try {
    const wire: Json = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'));
    if (!isJsonObject(wire)) return new Map();
    return new Map(
      Object.entries(wire).flatMap(([address, value]) => {
        const auth = decodeAuth(value ?? null);
        return auth === undefined ? [] : [[registryHost(address), auth]];
      }),
    );
  } catch {
    return new Map();
  }
}

/** `https://index.docker.io/v1/` is what clients call the default registry. */
function registryHost(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return host === 'index.docker.io' ? 'docker.io' : host;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
