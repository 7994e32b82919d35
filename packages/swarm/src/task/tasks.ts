import type { Books } from '../books.ts';
import { findObject } from '../lookup.ts';
import type { Service } from '../service/service-model.ts';
import type { Task } from './task-model.ts';

/** A task as clients see it. */
export interface TaskView {
  readonly task: Task;
  readonly service: Service | undefined;
}

/** The tasks of all services. */
export class Tasks {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  list(): readonly TaskView[] {
    return [...this.#books.tasks].map((task) => this.#view(task));
  }

  /** @throws FairleadError `not-found`. */
  inspect(reference: string): TaskView {
    return this.#view(findObject('task', this.#books.tasks, reference, (task) => nameOf(this.#view(task))));
  }

  #view(task: Task): TaskView {
    return { task, service: this.#books.services.get(task.serviceId) };
  }
}

/** `web.1`, as lists are filtered by. */
export function nameOf({ task, service }: TaskView): string {
  return `${service?.spec.name ?? ''}.${task.slot ?? task.nodeId ?? ''}`;
}
