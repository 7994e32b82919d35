import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskProcess } from '@fairlead/runtime';
import type { Container } from '../../model.ts';
import { isAlive } from '../container-state.ts';

/** Milliseconds until a shim that does not answer is given up, and between two questions. */
const PATIENCE = 3000;
const ASK_AGAIN = 50;

/** How a container is looked for of which containerd has told nothing. */
export interface TaskSearch {
  /** Ask containerd for one task; `undefined` when it knows none, or cannot say now. */
  readonly ask: (containerId: string) => Promise<TaskProcess | undefined>;
  /** True while the process is there that was the container's. */
  readonly lives: (container: Container) => boolean;
  /** Milliseconds. */
  readonly patience?: number;
}

/**
 * The first processes of all containers, by container id. containerd leaves out of its list a task whose shim has not answered it
 * (services/tasks, `List`): a container whose process is there has not ended, so it is asked for by itself until it is told of,
 * its process has gone, or patience has.
 *
 * @param told its list.
 */
export async function foundTasks(
  told: readonly TaskProcess[],
  containers: Iterable<Container>,
  search: TaskSearch,
): Promise<ReadonlyMap<string, TaskProcess>> {
  const tasks = new Map(told.map((task) => [task.containerId, task]));
  const untold = [...containers].filter((each) => isAlive(each) && !tasks.has(each.id) && search.lives(each));
  const found = await Promise.all(untold.map((container) => find(container, search)));
  for (const task of found) if (task !== undefined) tasks.set(task.containerId, task);
  return tasks;
}

async function find(container: Container, { ask, lives, patience = PATIENCE }: TaskSearch) {
  const deadline = performance.now() + patience;
  for (;;) {
    const task = await ask(container.id);
    if (task !== undefined) return { ...task, containerId: container.id, execId: '' };
    if (!lives(container) || performance.now() > deadline) return undefined;
    await sleep(ASK_AGAIN);
  }
}
