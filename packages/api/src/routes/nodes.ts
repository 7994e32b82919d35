import type { EnginePort } from '@fairlead/engine';
import { readBody } from '../http/json-body.ts';
import { type ApiRequest, parameter, text } from '../http/request.ts';
import { empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { Filters } from '../wire/filters.ts';
import { nodeSpec, presentNode } from '../wire/swarm/node.ts';
import { nodeFilterKeys, selectNodes } from '../wire/swarm/object-filters.ts';
import { versionOf } from './swarm-object.ts';

/** Nodes of the swarm: Engine API, "Nodes". */
export function nodeRoutes({ swarm }: EnginePort): Route[] {
  const nodes = async () => (await swarm()).manager().nodes;
  const id = (request: ApiRequest) => parameter(request, 'id');
  return [
    {
      method: 'GET',
      pattern: '/nodes',
      handle: async (request) => {
        const filters = Filters.parse(text(request, 'filters'), nodeFilterKeys);
        return json(selectNodes((await nodes()).list(), filters).map(presentNode));
      },
    },
    {
      method: 'GET',
      pattern: '/nodes/{id}',
      handle: async (request) => json(presentNode((await nodes()).inspect(id(request)))),
    },
    {
      method: 'POST',
      pattern: '/nodes/{id}/update',
      handle: async (request) => {
        const spec = await readBody(request, nodeSpec.schema, 'NodeSpec');
        const version = versionOf(request, 'node');
        (await nodes()).update(id(request), version, spec);
        return empty(200);
      },
    },
    {
      method: 'DELETE',
      pattern: '/nodes/{id}',
      handle: async (request) => (await nodes()).remove(id(request)),
    },
  ];
}
