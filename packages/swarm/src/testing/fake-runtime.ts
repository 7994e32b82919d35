import { FairleadError } from '@fairlead/base';
import type { ServiceNetworks, TaskContainer, TaskOrder, TaskRuntime } from '../task/task-runtime.ts';

/** Containers in memory: they run until somebody lets them end. */
export class FakeRuntime implements TaskRuntime {
  readonly containers = new Map<string, TaskContainer & { readonly order: TaskOrder }>();
  /** Images that cannot be had. */
  readonly missing = new Set<string>();
  /** What was done, in its order. */
  readonly done: string[] = [];
  onChange = () => {};
  /** What every container is reached by. */
  reached: NonNullable<TaskContainer['reached']> = () => ({ ports: [], attachments: [] });

  look(_: unknown, name: string): TaskContainer | undefined {
    const found = [...this.containers.values()].find(({ order }) => order.name === name);
    return found && { ...found, reached: this.reached };
  }

  async prepare(order: TaskOrder): Promise<string> {
    const { image = '' } = order.spec.containerSpec ?? {};
    if (this.missing.has(image)) throw new FairleadError('not-found', `No such image: ${image}`);
    const id = `c-${order.task.id}`;
    this.containers.set(id, { id, state: 'created', pid: 0, exitCode: 0, error: '', order });
    this.done.push(`prepare ${order.service.spec.name}.${order.task.slot ?? 'node'}`);
    return id;
  }

  async start(id: string): Promise<void> {
    this.#set(id, { state: 'running', pid: 7 });
  }

  async stop(id: string): Promise<void> {
    this.#set(id, { state: 'ended', pid: 0, exitCode: 143 });
  }

  async remove(_: unknown, id: string): Promise<void> {
    this.containers.delete(id);
  }

  /** Let the container of a task end by itself. */
  end(id: string, exitCode: number): void {
    this.#set(id, { state: 'ended', pid: 0, exitCode });
    this.onChange();
  }

  #set(id: string, change: Partial<TaskContainer>): void {
    const known = this.containers.get(id);
    if (known !== undefined) this.containers.set(id, { ...known, ...change });
  }
}

/** One overlay network besides the ingress one, and what services have said of themselves. */
export class FakeServiceNetworks implements ServiceNetworks {
  readonly told = new Map<string, readonly string[]>();
  /** As many times nobody can be told of anything. */
  refusals = 0;
  #addresses = 1;

  resolve(reference: string) {
    if (reference !== 'app' && reference !== 'app-id' && reference !== 'ingress-id')
      throw new FairleadError('not-found', `network ${reference} not found`);
    return { id: reference === 'app' ? 'app-id' : reference, name: 'app', isOverlay: true };
  }

  hold(): readonly string[] {
    return [`10.0.1.${++this.#addresses}/24`];
  }

  ingress(): string | undefined {
    return 'ingress-id';
  }

  async set({ id }: { readonly id: string }, backends: readonly string[]): Promise<void> {
    this.#refuse();
    this.told.set(id, backends);
  }

  async remove(id: string): Promise<void> {
    this.#refuse();
    this.told.delete(id);
  }

  #refuse(): void {
    if (this.refusals-- > 0) throw new FairleadError('unavailable', 'not now');
  }

  known(): readonly string[] {
    return [...this.told.keys()];
  }

  async makeIngress(): Promise<void> {}
  async removeAll(): Promise<void> {}
}
