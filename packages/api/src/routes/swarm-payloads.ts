import { FairleadError } from '@fairlead/base';
import type { Config, EnginePort, Manager, Payloads, Secret } from '@fairlead/engine';
import { readBody } from '../http/json-body.ts';
import { type ApiRequest, parameter, text } from '../http/request.ts';
import { empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { Filters } from '../wire/filters.ts';
import { configFilterKeys, secretFilterKeys, selectPayloads } from '../wire/swarm/object-filters.ts';
import { payloadSpec, presentConfig, presentSecret } from '../wire/swarm/payload.ts';
import { versionOf } from './swarm-object.ts';

/** Version of the API since which contents can be templates. */
const templatesSince = 37;

/** What differs between secrets and configs. */
interface Kind<T extends Secret | Config> {
  readonly name: 'secret' | 'config';
  readonly of: (manager: Manager) => Payloads<T>;
  readonly present: (object: T) => unknown;
  readonly filterKeys: readonly string[];
}

/** Secrets: Engine API, "Secrets". */
export function secretRoutes(engine: EnginePort): Route[] {
  const of = (manager: Manager) => manager.secrets;
  return payloadRoutes<Secret>(engine, { name: 'secret', of, present: presentSecret, filterKeys: secretFilterKeys });
}

/** Configs: Engine API, "Configs". */
export function configRoutes(engine: EnginePort): Route[] {
  const of = (manager: Manager) => manager.configs;
  return payloadRoutes<Config>(engine, { name: 'config', of, present: presentConfig, filterKeys: configFilterKeys });
}

function payloadRoutes<T extends Secret | Config>({ swarm }: EnginePort, kind: Kind<T>): Route[] {
  const below = `/${kind.name}s`;
  const all = async () => kind.of((await swarm()).manager());
  const id = (request: ApiRequest) => parameter(request, 'id');
  return [
    {
      method: 'GET',
      pattern: below,
      handle: async (request) => {
        const filters = Filters.parse(text(request, 'filters'), kind.filterKeys);
        return json(selectPayloads((await all()).list(), filters).map(kind.present));
      },
    },
    {
      method: 'POST',
      pattern: `${below}/create`,
      handle: async (request) => json({ ID: (await all()).create(await specOf(request, kind.name)) }, 201),
    },
    {
      method: 'GET',
      pattern: `${below}/{id}`,
      handle: async (request) => json(kind.present((await all()).inspect(id(request)))),
    },
    {
      method: 'POST',
      pattern: `${below}/{id}/update`,
      handle: async (request) => {
        const spec = await specOf(request, kind.name);
        const version = versionOf(request, kind.name);
        (await all()).update(id(request), version, spec);
        return empty(200);
      },
    },
    {
      method: 'DELETE',
      pattern: `${below}/{id}`,
      handle: async (request) => {
        (await all()).remove(id(request));
        return empty(204);
      },
    },
  ];
}

async function specOf(request: ApiRequest, kind: 'secret' | 'config') {
  const spec = await readBody(request, payloadSpec.schema, kind === 'secret' ? 'SecretSpec' : 'ConfigSpec');
  if (spec.templating !== undefined && request.version < templatesSince) {
    const fault = `${kind} templating is not supported on the specified API version: 1.${request.version}`;
    throw new FairleadError('invalid-argument', fault);
  }
  return spec;
}
