import type { EnginePort, Manager } from '@fairlead/engine';
import { readBody } from '../http/json-body.ts';
import { type ApiRequest, parameter, text } from '../http/request.ts';
import { type ApiResponse, empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { Filters } from '../wire/filters.ts';
import { presentService, serviceSpec } from '../wire/swarm/service.ts';
import { selectServices, serviceFilterKeys } from '../wire/swarm/service-filters.ts';
import { ofVersion } from '../wire/swarm/spec-versions.ts';
import { serviceLogs } from './service-logs.ts';
import { explainedFlag, versionOf } from './swarm-object.ts';

/** Version of the API since which lists can tell how many tasks there are. */
const statusSince = 41;

/** Services: Engine API, "Services". */
export function serviceRoutes(engine: EnginePort): Route[] {
  const manager = async () => (await engine.swarm()).manager();
  const id = (request: ApiRequest) => parameter(request, 'id');
  return [
    { method: 'GET', pattern: '/services', handle: async (request) => list(await manager(), request) },
    {
      method: 'POST',
      pattern: '/services/create',
      handle: async (request) => {
        const spec = await specOf(request);
        return json({ ID: (await manager()).services.create(spec, registryAuth(request)) }, 201);
      },
    },
    {
      method: 'GET',
      pattern: '/services/{id}',
      handle: async (request) => {
        const insertDefaults = explainedFlag(request, 'insertDefaults');
        return json(presentService((await manager()).services.inspect(id(request), { insertDefaults })));
      },
    },
    { method: 'POST', pattern: '/services/{id}/update', handle: async (request) => update(manager, request) },
    {
      method: 'DELETE',
      pattern: '/services/{id}',
      handle: async (request) => {
        (await manager()).services.remove(id(request));
        return empty(200);
      },
    },
    {
      method: 'GET',
      pattern: '/services/{id}/logs',
      handle: async (request) => {
        const { services, tasks } = await manager();
        const service = services.inspect(id(request));
        const own = () => tasks.list().filter(({ task }) => task.serviceId === service.id);
        return await serviceLogs(engine, request, own, service.spec.taskTemplate.containerSpec?.tty ?? false);
      },
    },
  ];
}

function list({ services }: Manager, request: ApiRequest): ApiResponse {
  const filters = Filters.parse(text(request, 'filters'), serviceFilterKeys);
  const hasStatus = request.version >= statusSince && explainedFlag(request, 'status');
  return json(
    selectServices(services.list(), filters).map((service) =>
      presentService(service, hasStatus ? services.status(service) : undefined),
    ),
  );
}

async function update(manager: () => Promise<Manager>, request: ApiRequest): Promise<ApiResponse> {
  const spec = await specOf(request);
  const version = versionOf(request, 'service');
  const auth = registryAuth(request);
  (await manager()).services.update(parameter(request, 'id'), version, spec, {
    rollsBack: text(request, 'rollback') === 'previous',
    ...(auth !== undefined && { registryAuth: auth }),
  });
  return json({ Warnings: null });
}

async function specOf(request: ApiRequest) {
  return ofVersion(await readBody(request, serviceSpec.schema, 'ServiceSpec'), request.version);
}

/** As it came: it is looked at when an image is pulled. */
function registryAuth({ headers }: ApiRequest): string | undefined {
  const header = headers['x-registry-auth'];
  return (Array.isArray(header) ? header[0] : header) || undefined;
}
