import type { PortPolicies } from '@fairlead/base';
import { type EnginePort, type PortBinding, recordText } from '@fairlead/engine';
import * as v from 'valibot';
import { readBody } from '../http/json-body.ts';
import { type ApiRequest, parameter } from '../http/request.ts';
import { type ApiResponse, empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { goMap, goObject, goString, goStrings } from '../wire/go-json.ts';
import { allowed, denied } from '../wire/port-access.ts';
import { parseBinding, withoutBindings } from '../wire/port-change.ts';

/** Changes of networks and ports that Docker has no words for. */
export function networkChangeRoutes(engine: Pick<EnginePort, 'networks'>): Route[] {
  return [
    { method: 'POST', pattern: '/fairlead/networks/{id}/update', handle: (request) => update(engine, request) },
    { method: 'POST', pattern: '/fairlead/networks/{id}/limits', handle: (request) => limit(engine, request) },
    { method: 'POST', pattern: '/fairlead/containers/{id}/ports', handle: (request) => publish(engine, request) },
  ];
}

/** What users write of names on a network, and can read. */
export function nameRoutes(engine: Pick<EnginePort, 'networks'>): Route[] {
  return [
    { method: 'GET', pattern: '/fairlead/networks/{id}/dns', handle: (request) => records(engine, request) },
    { method: 'POST', pattern: '/fairlead/networks/{id}/dns', handle: (request) => changeRecords(engine, request) },
  ];
}

const subnetSchema = goObject({ subnet: goString, range: goString, gateway: goString });
const updateSchema = goObject({
  options: v.optional(goMap(v.nullable(v.string())), {}),
  subnets: v.optional(v.array(subnetSchema), []),
});

/** What shall be different about a network: options, of which null takes one away, and more subnets. */
async function update(engine: Pick<EnginePort, 'networks'>, request: ApiRequest): Promise<ApiResponse> {
  await engine.networks.update(parameter(request, 'id'), await readBody(request, updateSchema, 'UpdateRequest'));
  return empty(204);
}

const limitSchema = goObject({ container: goString, in: v.optional(v.string()), out: v.optional(v.string()) });

/** How fast a container may be on a network from now on. */
async function limit(engine: Pick<EnginePort, 'networks'>, request: ApiRequest): Promise<ApiResponse> {
  const { container, in: inward, out: outward } = await readBody(request, limitSchema, 'LimitRequest');
  const change = { ...(inward !== undefined && { in: inward }), ...(outward !== undefined && { out: outward }) };
  await engine.networks.limit(parameter(request, 'id'), container, change);
  return empty(204);
}

const portsSchema = goObject({
  ports: v.optional(v.array(v.string())),
  add: goStrings,
  remove: goStrings,
  allow: goStrings,
  deny: goStrings,
});

/** What is to be published from now on, all of it or the difference, and for whom, in the notation of `-p`. */
async function publish(engine: Pick<EnginePort, 'networks'>, request: ApiRequest): Promise<ApiResponse> {
  const { ports, ...lists } = await readBody(request, portsSchema, 'PublishRequest');
  const all = ports?.map(parseBinding);
  const [add, remove] = [lists.add.map(parseBinding), lists.remove.map(parseBinding)];
  const [allow, deny] = [lists.allow.map(parseBinding), lists.deny.map(parseBinding)];
  const change = (before: readonly PortBinding[], policies: PortPolicies) => {
    const left = [...withoutBindings(all ?? before, remove), ...add];
    return denied(allowed(left, allow, policies), deny, policies);
  };
  return json(await engine.networks.publish(parameter(request, 'id'), change));
}

/** What users have written of names on a network, as a zone file would have it. */
function records(engine: Pick<EnginePort, 'networks'>, request: ApiRequest): ApiResponse {
  const { network } = engine.networks.inspect(parameter(request, 'id'));
  return json({ records: (network.records ?? []).map(recordText) });
}

const recordsSchema = goObject({ add: goStrings, remove: goStrings });

/** The answer is what is written from now on. */
async function changeRecords(engine: Pick<EnginePort, 'networks'>, request: ApiRequest): Promise<ApiResponse> {
  const change = await readBody(request, recordsSchema, 'RecordsRequest');
  const network = await engine.networks.changeRecords(parameter(request, 'id'), change);
  return json({ records: (network.records ?? []).map(recordText) });
}
