import type { EnginePort, TaskView } from '@fairlead/engine';
import { type ApiRequest, parameter, text } from '../http/request.ts';
import { json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { Filters } from '../wire/filters.ts';
import { selectTasks, taskFilterKeys } from '../wire/swarm/service-filters.ts';
import { presentTask } from '../wire/swarm/task.ts';
import { serviceLogs } from './service-logs.ts';

/** Tasks of services: Engine API, "Tasks". */
export function taskRoutes(engine: EnginePort): Route[] {
  const manager = async () => (await engine.swarm()).manager();
  const present = (view: TaskView) => presentTask(view, engine.networks.list());
  const id = (request: ApiRequest) => parameter(request, 'id');
  return [
    {
      method: 'GET',
      pattern: '/tasks',
      handle: async (request) => {
        const filters = Filters.parse(text(request, 'filters'), taskFilterKeys);
        const { tasks, services, nodes } = await manager();
        const serviceId = (reference: string) => services.inspect(reference).id;
        const nodeId = (reference: string) => nodes.inspect(reference).node.id;
        return json(selectTasks(tasks.list(), filters, { serviceId, nodeId }).map(present));
      },
    },
    {
      method: 'GET',
      pattern: '/tasks/{id}',
      handle: async (request) => json(present((await manager()).tasks.inspect(id(request)))),
    },
    {
      method: 'GET',
      pattern: '/tasks/{id}/logs',
      handle: async (request) => {
        const { tasks } = await manager();
        const { task } = tasks.inspect(id(request));
        const own = () => tasks.list().filter((view) => view.task.id === task.id);
        return await serviceLogs(engine, request, own, task.spec.containerSpec?.tty ?? false);
      },
    },
  ];
}
