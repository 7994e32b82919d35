import { type Logger, messageOf } from '@fairlead/base';
import type { Books } from '../books.ts';
import type { SwarmNode } from '../model.ts';
import type { Service } from '../service/service-model.ts';
import { hasEnded, isBeyond, type Task, type TaskState, type TaskStatus } from '../task/task-model.ts';
import { taskName } from '../task/task-name.ts';
import type { ServiceNetworks, TaskContainer, TaskFile, TaskNetwork, TaskRuntime } from '../task/task-runtime.ts';
import { expandSpec } from '../task/template.ts';

/** Milliseconds until a step that has failed is tried again. */
const RETRY_MS = 1000;

/** What {@link TaskSteps} works with. */
export interface StepParts {
  readonly books: Books;
  readonly runtime: TaskRuntime;
  readonly networks: ServiceNetworks;
  readonly logger: Logger;
  /** Contents of the secrets and configs of a task. @throws Error when one is not there any more. */
  readonly filesOf: (task: Task, expand: (text: string) => string) => readonly TaskFile[];
}

/** Carries tasks out, each one step at a time. */
export class TaskSteps {
  readonly #parts: StepParts;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #onChange: () => void;

  constructor(parts: StepParts, onChange: () => void) {
    this.#parts = parts;
    this.#onChange = onChange;
  }

  isBusy({ id }: Task): boolean {
    return this.#busy.has(id);
  }

  /** Wait for the steps that are being made. */
  async settle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  /** Begin the next step of a task, when there is one. */
  advance(task: Task, node: SwarmNode): void {
    const service = this.#parts.books.services.get(task.serviceId);
    if (service === undefined || this.isBusy(task) || hasEnded(task)) return;
    const { state } = task.status;
    const isToRun = task.desiredState === 'running' || task.desiredState === 'complete';
    if (isBeyond(task.desiredState, 'complete')) this.#begin(task, () => this.#end(task));
    else if (state === 'assigned' || state === 'preparing') this.#begin(task, () => this.#prepare(task, service, node));
    else if (state === 'ready' && isToRun && (task.notBefore ?? 0) <= Date.now())
      this.#begin(task, () => this.#start(task));
    else if (state === 'starting' || state === 'running') this.#watch(task, service);
  }

  /** Remove the container of a task that has ended, and then the task. */
  forget(task: Task): void {
    if (this.isBusy(task)) return;
    const { books, runtime } = this.#parts;
    this.#begin(task, async () => {
      if (task.status.containerId !== undefined) await runtime.remove(task, task.status.containerId);
      books.tasks.delete(task.id);
    });
  }

  #begin({ id }: Task, work: () => Promise<void>): void {
    const done = () => {
      this.#busy.delete(id);
      this.#onChange();
    };
    const step = work().then(done, (error: unknown) => {
      this.#parts.logger.error('task not carried out', { task: id, error: messageOf(error) });
      setTimeout(done, RETRY_MS).unref();
    });
    this.#busy.set(id, step);
  }

  async #prepare(task: Task, service: Service, node: SwarmNode): Promise<void> {
    const { runtime } = this.#parts;
    const name = taskName(service, task);
    this.#set(task, 'preparing', 'preparing');
    try {
      const known = runtime.look(task, name);
      const container = known?.id ?? (await this.#make(task, service, node, name));
      this.#set(task, 'ready', 'prepared', { containerId: container });
    } catch (error) {
      this.#set(task, 'rejected', 'preparing', { error: messageOf(error) });
    }
  }

  async #make(task: Task, service: Service, node: SwarmNode, name: string): Promise<string> {
    const { runtime, networks, filesOf } = this.#parts;
    const context = { service, task, node, name };
    const spec = expandSpec(task.spec, context);
    const expand = (text: string) =>
      expandSpec({ ...task.spec, containerSpec: { hostname: text } }, context).containerSpec?.hostname ?? '';
    return await runtime.prepare({
      ...{ task, service, name, spec, files: filesOf(task, expand) },
      networks: [
        ...ingressOf(service, networks),
        ...(spec.networks ?? []).map(({ target = '', aliases = [], driverOpts = {} }) => ({
          id: networks.resolve(target).id,
          aliases,
          driverOptions: driverOpts,
        })),
      ],
    });
  }

  async #start(task: Task): Promise<void> {
    const { runtime } = this.#parts;
    const { containerId = '' } = task.status;
    this.#set(task, 'starting', 'starting');
    try {
      await runtime.start(containerId);
    } catch (error) {
      this.#set(task, 'failed', 'starting', { error: `starting container failed: ${messageOf(error)}` });
    }
  }

  /** One that was being started when the daemon ended is started now; one that is not well is ended. */
  #watch(task: Task, service: Service): void {
    const container = this.#parts.runtime.look(task, taskName(service, task));
    if (container?.state === 'created') this.#begin(task, () => this.#start(task));
    if (container?.health === 'unhealthy') this.#begin(task, () => this.#endUnhealthy(task, container.id));
  }

  async #endUnhealthy(task: Task, container: string): Promise<void> {
    await this.#parts.runtime.stop(container);
    this.#set(task, 'failed', 'starting', { error: 'task: non-zero exit (143): dockerexec: unhealthy container' });
  }

  async #end(task: Task): Promise<void> {
    const { runtime } = this.#parts;
    if (task.status.containerId !== undefined) await runtime.stop(task.status.containerId);
    this.#set(task, 'shutdown', 'shutdown');
  }

  #set({ id }: Task, state: TaskState, message: string, more: Partial<TaskStatus> = {}): void {
    const { books } = this.#parts;
    const present = books.tasks.get(id);
    if (present === undefined) return;
    const { containerId, exitCode, pid } = present.status;
    books.change(books.tasks, {
      ...present,
      status: {
        ...reachedBy(present.status),
        ...(containerId !== undefined && { containerId }),
        ...(pid !== undefined && { pid }),
        ...(exitCode !== undefined && { exitCode }),
        ...{ state, message, timestamp: Date.now() },
        ...more,
      },
    });
  }
}

/** The network by which its service's ports are reached: every task of such a service is on it, first of all. */
function ingressOf({ ports }: Service, networks: ServiceNetworks): TaskNetwork[] {
  const id = ports.some(({ publishMode }) => publishMode !== 'host') ? networks.ingress() : undefined;
  return id === undefined ? [] : [{ id, aliases: [], driverOptions: {} }];
}

/** What a task was reached by, which stays known after its end. */
export function reachedBy({ ports, attachments }: TaskStatus): Pick<TaskStatus, 'ports' | 'attachments'> {
  return { ...(ports && { ports }), ...(attachments && { attachments }) };
}

/**
 * What a task's container says of it.
 *
 * @returns `undefined` when that is known.
 */
export function observedStatus(task: Task, container: TaskContainer | undefined): TaskStatus | undefined {
  const { state } = task.status;
  if (state !== 'starting' && state !== 'running') return undefined;
  // Of one that is being ended its end says nothing more.
  if (isBeyond(task.desiredState, 'complete')) return undefined;
  const timestamp = Date.now();
  if (container === undefined)
    return {
      state: 'failed',
      timestamp,
      message: task.status.message,
      error: 'task: non-zero exit (137): dockerexec: container destroyed',
    };
  const { id: containerId, pid, exitCode } = container;
  if (container.state === 'running') {
    const isWell = container.health === undefined || container.health === 'healthy';
    if (state !== 'starting' || !isWell) return undefined;
    return { state: 'running', timestamp, message: 'started', containerId, pid, exitCode: 0, ...container.reached?.() };
  }
  if (container.state !== 'ended') return undefined;
  const message = 'finished';
  if (exitCode === 0) return { state: 'complete', timestamp, message, containerId, pid, exitCode };
  const reason = container.error === '' ? '' : `: ${container.error}`;
  const error = `task: non-zero exit (${exitCode})${reason}`;
  return { state: 'failed', timestamp, message: 'started', error, containerId, pid, exitCode };
}
