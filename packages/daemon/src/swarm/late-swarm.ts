import { lateModule } from '@fairlead/base';
import type { ContainerTable, Engine, EngineContext, EventLog, SwarmStatus } from '@fairlead/engine';
import type { Kernel } from '@fairlead/kernel';
import type { Store } from '@fairlead/store';
import type { Swarm } from '@fairlead/swarm';
import type { LiveOptions } from '../options.ts';

const services = lateModule(() => import('./swarm-service.ts'));

/** What a swarm is made of, once it is needed. */
export interface LateSwarmParts {
  readonly store: Store;
  readonly kernel: Kernel;
  readonly events: EventLog;
  readonly table: ContainerTable;
  readonly engine: () => Engine;
  readonly live: LiveOptions;
}

/** The swarm, loaded by the first who asks for it, and with the engine where this machine is in one. */
export class LateSwarm implements AsyncDisposable {
  readonly #parts: LateSwarmParts;
  readonly #stop = new AbortController();
  #context: EngineContext | undefined;
  #made: Swarm | undefined;

  constructor(parts: LateSwarmParts) {
    this.#parts = parts;
  }

  /** Where it is to be made on; load it where there is one. */
  async settle(context: EngineContext): Promise<void> {
    this.#context = context;
    if (this.#parts.store.collection('swarm').size > 0) await this.service();
  }

  readonly service = async (): Promise<Swarm> => {
    const { swarmService } = await services();
    if (this.#context === undefined) throw new Error('the engine is not put together yet');
    if (this.#made !== undefined) return this.#made;
    const { kernel, table, engine, live } = this.#parts;
    this.#made = swarmService({
      ...{ kernel, table, engine, context: this.#context },
      defaultAddress: live.current.swarmAddress,
    });
    void this.#follow(this.#made);
    return this.#made;
  };

  readonly status = (): SwarmStatus => this.#made?.status ?? 'inactive';

  /** Pools of overlay networks, where somebody has asked for some. */
  readonly pools = (): { readonly pools: readonly string[]; readonly size: number } | undefined => {
    const cluster = this.#made?.cluster;
    if (cluster === undefined) return undefined;
    return { pools: cluster.addressPools ?? ['10.0.0.0/8'], size: cluster.subnetSize };
  };

  /** Go on with the services of the daemon before. */
  readonly resume = async (): Promise<void> => {
    await this.#made?.resume();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#made?.[Symbol.asyncDispose]();
  }

  /** What happens to containers may concern a task. */
  async #follow(swarm: Swarm): Promise<void> {
    for await (const { type, action } of this.#parts.events.read({ signal: this.#stop.signal })) {
      if (type === 'container' && (action === 'die' || action === 'destroy' || action.startsWith('health_status')))
        swarm.wake();
    }
  }
}
