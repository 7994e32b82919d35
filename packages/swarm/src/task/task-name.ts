import type { Service } from '../service/service-model.ts';
import type { Task } from './task-model.ts';

/** Name of a task, which its container has: `web.1.ID`, and `web.NODE.ID` for one of each node. */
export function taskName(service: Pick<Service, 'spec'>, { slot, nodeId = '', id }: Task): string {
  return `${service.spec.name}.${slot ?? nodeId}.${id}`;
}
