import { type Logger, messageOf, newSwarmIdentifier } from '@fairlead/base';
import type { Books } from '../books.ts';
import type { Cluster, SwarmEvent, SwarmNode } from '../model.ts';
import { serviceChanges } from '../service/service-event.ts';
import type { Service } from '../service/service-model.ts';
import { hostPorts, placementFault } from '../task/placement.ts';
import { hasEnded, isBeyond, type Task, type TaskStatus } from '../task/task-model.ts';
import { taskName } from '../task/task-name.ts';
import type { ServiceNetworks, TaskRuntime } from '../task/task-runtime.ts';
import { planService } from './plan.ts';
import type { Plan, TaskChange } from './slots.ts';
import { observedStatus, reachedBy, type StepParts, TaskSteps } from './task-steps.ts';
import { endpointKey } from './update-plan.ts';

/** What an {@link Orchestrator} works with. */
export interface OrchestratorParts extends StepParts {
  readonly books: Books;
  readonly runtime: TaskRuntime;
  readonly networks: ServiceNetworks;
  readonly emit: (event: SwarmEvent) => void;
  readonly logger: Logger;
}

/** Rounds without a pause: each plans on what the one before has written down. */
const MAXIMUM_ROUNDS = 50;
/** Milliseconds between two bursts of rounds. */
const PAUSE_MS = 20;
/** Milliseconds until the network is told again of what it could not be told. */
const TELL_AGAIN_MS = 1000;
/** Longest time that a timer can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Brings tasks to what services ask for: what is to be done is written down first, then carried out, and all over again
 * with whatever happens. A daemon that starts goes on with what it finds.
 */
export class Orchestrator implements AsyncDisposable {
  readonly #parts: OrchestratorParts;
  readonly #steps: TaskSteps;
  /** What was said to the network last, by service. */
  readonly #told = new Map<string, string>();
  /** Why it could not be told of a service, which is logged once. */
  readonly #faults = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #isOver = false;

  constructor(parts: OrchestratorParts) {
    this.#parts = parts;
    this.#steps = new TaskSteps(parts, () => this.wake());
  }

  /** Something has changed: look at it. */
  wake(): void {
    this.#again = true;
    if (this.#isOver || this.#running !== undefined) return;
    this.#running = this.#work().finally(() => {
      this.#running = undefined;
      // Whatever never comes to rest must not keep others from their turn.
      if (this.#again && !this.#isOver) this.#timer = setTimeout(() => this.wake(), PAUSE_MS);
    });
  }

  /** Stop looking; the tasks go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#again = false;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#steps.settle();
  }

  async #work(): Promise<void> {
    clearTimeout(this.#timer);
    for (let round = 0; this.#again && !this.#isOver && round < MAXIMUM_ROUNDS; round++) {
      this.#again = false;
      try {
        await this.#round();
      } catch (error) {
        this.#parts.logger.error('services not brought to what they shall be', { error: messageOf(error) });
      }
    }
  }

  async #round(): Promise<void> {
    const { books } = this.#parts;
    const { cluster } = books;
    const node = cluster && books.nodes.get(cluster.nodeId);
    if (cluster === undefined || node === undefined) return;
    this.#observe();
    const wakes = [...books.services].map((service) => this.#plan(service, cluster, node));
    this.#place(node);
    const untold = (await this.#tellNetwork()) ? [] : [Date.now() + TELL_AGAIN_MS];
    for (const task of [...books.tasks]) this.#steps.advance(task, node);
    const held = [...books.tasks].flatMap(({ notBefore = 0 }) => (notBefore > Date.now() ? [notBefore] : []));
    this.#wakeAt(Math.min(...wakes.filter((time) => time !== undefined), ...held, ...untold));
  }

  /** What has become of the containers of tasks. */
  #observe(): void {
    const { books, runtime } = this.#parts;
    for (const task of [...books.tasks]) {
      const service = books.services.get(task.serviceId);
      if (service === undefined || this.#steps.isBusy(task)) continue;
      const status = observedStatus(task, runtime.look(task, taskName(service, task)));
      if (status !== undefined) this.#setStatus(task, status);
    }
  }

  #plan(service: Service, cluster: Cluster, node: SwarmNode): number | undefined {
    const { books } = this.#parts;
    const tasks = this.#tasksOf(service);
    if (service.removed && tasks.length === 0) {
      books.services.delete(service.id);
      return undefined;
    }
    const { orchestration } = cluster.spec;
    const plan = planService({ service, tasks, node, orchestration, now: Date.now() });
    if (plan.changes.length === 0 && plan.update === undefined) return plan.wakeAt;
    books.transaction(() => {
      for (const change of plan.changes) this.#apply(change, service);
      if (plan.update !== undefined) this.#applyUpdate(service, plan.update);
    });
    if (plan.changes.some(({ kind }) => kind !== 'forget') || plan.update !== undefined) this.#again = true;
    return plan.wakeAt;
  }

  #apply(change: TaskChange, service: Service): void {
    const { books } = this.#parts;
    if (change.kind === 'desire') books.change(books.tasks, { ...change.task, desiredState: change.state });
    if (change.kind === 'forget') this.#steps.forget(change.task);
    if (change.kind !== 'create') return;
    const { slot, desired, notBefore } = change;
    books.add(books.tasks, (stamps) => ({
      ...{ id: newSwarmIdentifier(), ...stamps },
      serviceId: service.id,
      ...(slot !== undefined && { slot }),
      spec: service.spec.taskTemplate,
      specVersion: service.specVersion,
      endpoint: endpointKey(service),
      status: { state: 'new', timestamp: Date.now(), message: 'created' },
      desiredState: desired,
      ...(notBefore !== undefined && { notBefore }),
      ...(service.jobIteration !== undefined && { jobIteration: service.jobIteration }),
    }));
  }

  #applyUpdate(service: Service, { status, rollsBack }: NonNullable<Plan['update']>): void {
    const { books, emit } = this.#parts;
    const { previousSpec, ...rest } = service;
    const isBack = rollsBack && previousSpec !== undefined;
    const changed = books.change(
      books.services,
      isBack
        ? { ...rest, spec: previousSpec, specVersion: service.specVersion + 1, updateStatus: status }
        : { ...service, updateStatus: status },
    );
    emit({ type: 'service', action: 'update', id: service.id, attributes: serviceChanges(service, changed) });
  }

  /** Find a node for the tasks that have none: this one, or a reason why not. */
  #place(node: SwarmNode): void {
    const { books } = this.#parts;
    for (const task of [...books.tasks]) {
      const service = books.services.get(task.serviceId);
      const isWaiting = task.status.state === 'new' || task.status.state === 'pending';
      if (service === undefined || !isWaiting) continue;
      if (isBeyond(task.desiredState, 'complete')) {
        this.#setStatus(task, { ...task.status, state: 'shutdown', timestamp: Date.now(), message: 'shutdown' });
        continue;
      }
      const others = [...books.tasks].filter((other) => other !== task && other.nodeId === node.id && !hasEnded(other));
      const takenPorts = new Set(
        others.flatMap((other) => hostPorts(books.services.get(other.serviceId)?.spec ?? service.spec)),
      );
      const fault = placementFault({ service: service.spec, task, node, others, takenPorts });
      if (fault === undefined) {
        const status = {
          state: 'assigned',
          timestamp: Date.now(),
          message: 'scheduler assigned task to node',
        } as const;
        books.change(books.tasks, { ...task, nodeId: node.id, status });
      } else if (task.status.error !== fault) {
        const message = 'pending task scheduling';
        this.#setStatus(task, { state: 'pending', timestamp: Date.now(), message, error: fault });
      }
    }
  }

  /**
   * Who gets traffic: told before anybody is stopped, and after he runs. A service of which it cannot be told keeps no other one
   * waiting.
   *
   * @returns whether all was told.
   */
  async #tellNetwork(): Promise<boolean> {
    const { books, networks } = this.#parts;
    const { wanted } = books;
    const told: boolean[] = [];
    for (const service of wanted) {
      const backends = this.#tasksOf(service).flatMap(({ status, desiredState }) =>
        status.state === 'running' && !isBeyond(desiredState, 'complete') && status.containerId
          ? [status.containerId]
          : [],
      );
      const key = JSON.stringify([
        service.spec.name,
        service.ports,
        service.virtualIps,
        service.spec.taskTemplate.networks,
        backends,
      ]);
      if (this.#told.get(service.id) === key) continue;
      told.push(
        await this.#tell(service.id, async () => {
          await networks.set(service, backends);
          this.#told.set(service.id, key);
        }),
      );
    }
    for (const id of networks.known().filter((known) => wanted.every((service) => service.id !== known))) {
      this.#told.delete(id);
      told.push(await this.#tell(id, () => networks.remove(id)));
    }
    return told.every(Boolean);
  }

  async #tell(service: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.#faults.delete(service);
      return true;
    } catch (error) {
      const fault = messageOf(error);
      if (this.#faults.get(service) !== fault)
        this.#parts.logger.error('service not reachable as it shall be', { service, error: fault });
      this.#faults.set(service, fault);
      return false;
    }
  }

  #setStatus(task: Task, status: TaskStatus): void {
    const { books } = this.#parts;
    const present = books.tasks.get(task.id);
    if (present === undefined) return;
    const { containerId = present.status.containerId, ...rest } = status;
    books.change(books.tasks, {
      ...present,
      status: { ...reachedBy(present.status), ...rest, ...(containerId !== undefined && { containerId }) },
      ...(status.state === 'running' && { startedAt: status.timestamp }),
    });
    this.#again = true;
  }

  #tasksOf({ id }: Service): Task[] {
    return [...this.#parts.books.tasks].filter(({ serviceId }) => serviceId === id);
  }

  #wakeAt(time: number): void {
    if (!Number.isFinite(time)) return;
    const wait = Math.min(Math.max(time - Date.now(), 0) + 1, LONGEST_TIMER);
    this.#timer = setTimeout(() => this.wake(), wait);
    this.#timer.unref();
  }
}
