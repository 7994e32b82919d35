import { FairleadError } from '@fairlead/base';
import type { Service, TaskView } from '@fairlead/engine';
import type { Filters } from '../filters.ts';
import { fitsOne, hasLabels } from './object-filters.ts';

/** Keys that `GET /services` knows. */
export const serviceFilterKeys = ['id', 'label', 'mode', 'name', 'runtime'] as const;
/** Keys that `GET /tasks` knows. */
export const taskFilterKeys = [
  ...(['_up-to-date', 'desired-state', 'id', 'label', 'name', 'node', 'runtime', 'service'] as const),
];

const modeNames = {
  replicated: 'replicated',
  global: 'global',
  replicatedJob: 'replicated-job',
  globalJob: 'global-job',
} as const;

/** Services that a list shows. */
export function selectServices(services: readonly Service[], filters: Filters): Service[] {
  return services.filter(({ id, spec }) => {
    const [mode = 'replicated'] = Object.keys(spec.mode) as (keyof typeof modeNames)[];
    return (
      fitsOne(filters, { id, name: spec.name }) &&
      hasLabels(filters, 'label', spec.labels) &&
      filters.exact('mode', modeNames[mode]) &&
      filters.exact('runtime', spec.taskTemplate.runtime ?? 'container')
    );
  });
}

/** What the filters of a task list speak of besides tasks: services and nodes by name. */
export interface TaskFilterSurroundings {
  readonly serviceId: (reference: string) => string;
  readonly nodeId: (reference: string) => string;
}

/** Tasks that a list shows. @throws FairleadError for states, services and nodes that there are none of. */
export function selectTasks(
  views: readonly TaskView[],
  filters: Filters,
  { serviceId, nodeId }: TaskFilterSurroundings,
): TaskView[] {
  const states = filters.values('desired-state').map((state) => state.toLowerCase());
  const strange = states.find(
    (state) => state !== '' && !['running', 'shutdown', 'accepted', 'ready', 'remove', 'complete'].includes(state),
  );
  if (strange !== undefined) throw new FairleadError('internal', `Invalid desired-state filter: '${strange}'`);
  const services = filters.values('service').map(serviceId);
  const nodes = filters.values('node').map(nodeId);
  const isCurrent = filters.values('_up-to-date').length > 0;
  return views.filter(({ task, service }) => {
    const name = `${service?.spec.name ?? ''}.${task.slot ?? task.nodeId ?? ''}.${task.id}`;
    return (
      fitsOne(filters, { id: task.id, name }) &&
      hasLabels(filters, 'label', task.spec.containerSpec?.labels ?? {}) &&
      (services.length === 0 || services.includes(task.serviceId)) &&
      (nodes.length === 0 || nodes.includes(task.nodeId ?? '')) &&
      (states.length === 0 || states.includes(task.desiredState)) &&
      (!isCurrent || task.specVersion === service?.specVersion)
    );
  });
}
