import type { Tasks } from '@fairlead/runtime';
import { notRunning } from '../container-state.ts';

/**
 * The processes of a container, as the host numbers them.
 *
 * @throws FairleadError `conflict` for one that ended by itself just now, although its exit is still on the way.
 */
export async function processesOf(id: string, tasks: Pick<Tasks, 'pids' | 'get'>): Promise<readonly number[]> {
  try {
    return await tasks.pids(id);
  } catch (error) {
    const task = await tasks.get({ containerId: id }).catch(() => undefined);
    throw task === undefined || task.state === 'stopped' ? notRunning(id) : error;
  }
}
