import type { IpAddress } from '@fairlead/base';
import type { Change, NamespaceName } from '@fairlead/netlink';
import { DelegatingKernel } from '../kernel/delegating-kernel.ts';
import type { ConnectionFilter, KernelPort } from '../kernel-port.ts';
import type {
  NameServicePort,
  PortRelay,
  PortReservation,
  ResolverEndpoint,
  ResolverNetwork,
  ResolverSandbox,
} from '../name-service-port.ts';

/** What a dead process waits for. */
const never = new Promise<never>(() => {});

/**
 * The life of one process, counted in steps: before and after each effect that it has on the world. At a chosen step it
 * ends without another word, or the effect fails.
 */
export class Life {
  /** Steps done so far. */
  steps = 0;
  dead = false;
  /** Resolves when it ends. */
  readonly end: Promise<void>;
  readonly #dieAt: number;
  readonly #failAt: number;
  readonly #ended: () => void;

  constructor({ dieAt = 0, failAt = 0 }: { readonly dieAt?: number; readonly failAt?: number } = {}) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.end = promise;
    this.#ended = resolve;
    this.#dieAt = dieAt;
    this.#failAt = failAt;
  }

  /** Before an effect. Throws when it is to fail, or the process has ended. */
  before(): void {
    this.after();
    if (this.steps === this.#failAt) throw new InjectedError(this.steps);
  }

  /** After an effect. */
  after(): void {
    this.steps++;
    if (this.steps === this.#dieAt) {
      this.dead = true;
      this.#ended();
    }
    // What was under way beside the last step ends with it.
    if (this.dead) throw new Error('the process has ended');
  }

  /** Nothing that comes after the end is done, not even the handling of an error. */
  async live(work: () => void): Promise<void> {
    try {
      if (!this.dead) work();
    } catch (error) {
      if (!this.dead) throw error;
    }
    if (this.dead) await never;
  }
}

/** The failure that was asked for. */
export class InjectedError extends Error {
  constructor(step: number) {
    super(`injected failure at step ${step}`);
  }
}

/** A kernel that asks before each change, as the fake one of the kernel package does. */
export interface InterruptibleKernel extends KernelPort {
  beforeChange: ((change: Change) => void) | undefined;
}

/** A kernel as a process sees it that may end or see its changes refused. */
export class MortalKernel extends DelegatingKernel {
  readonly #kernel: InterruptibleKernel;
  readonly #life: Life;

  constructor(kernel: InterruptibleKernel, life: Life) {
    super(kernel);
    this.#kernel = kernel;
    this.#life = life;
  }

  override async apply(changes: readonly Change[]): Promise<void> {
    if (this.#life.dead) await never;
    this.#kernel.beforeChange = () => this.#life.before();
    try {
      const applied = this.#kernel.apply(changes);
      this.#kernel.beforeChange = undefined;
      await applied;
    } catch (error) {
      if (!this.#life.dead) throw error;
    }
    await this.#life.live(() => this.#life.after());
  }

  override announce(namespace: NamespaceName, link: string, addresses: readonly IpAddress[]): void {
    if (!this.#life.dead) super.announce(namespace, link, addresses);
  }

  override async forgetConnections(filter: ConnectionFilter, namespace?: NamespaceName): Promise<void> {
    await this.#life.live(() => this.#life.after());
    await super.forgetConnections(filter, namespace);
  }
}

/** A name service as a process sees it that may end or see its requests refused. */
export class MortalNames implements NameServicePort {
  readonly #names: NameServicePort;
  readonly #life: Life;

  constructor(names: NameServicePort, life: Life) {
    this.#names = names;
    this.#life = life;
  }

  openSandbox(sandbox: ResolverSandbox) {
    return this.#ask(() => this.#names.openSandbox(sandbox));
  }

  closeSandbox(id: string) {
    return this.#ask(() => this.#names.closeSandbox(id));
  }

  setNetwork(network: ResolverNetwork) {
    return this.#ask(() => this.#names.setNetwork(network));
  }

  removeNetwork(id: string) {
    return this.#ask(() => this.#names.removeNetwork(id));
  }

  setEndpoint(endpoint: ResolverEndpoint) {
    return this.#ask(() => this.#names.setEndpoint(endpoint));
  }

  removeEndpoint(id: string) {
    return this.#ask(() => this.#names.removeEndpoint(id));
  }

  reservePorts(owner: string, reservations: readonly PortReservation[]) {
    return this.#ask(() => this.#names.reservePorts(owner, reservations));
  }

  tryPorts(owner: string, reservations: readonly PortReservation[], anew: boolean) {
    return this.#ask(() => this.#names.tryPorts(owner, reservations, anew));
  }

  releasePorts(owner: string) {
    return this.#ask(() => this.#names.releasePorts(owner));
  }

  setRelays(owner: string, relays: readonly PortRelay[]) {
    return this.#ask(() => this.#names.setRelays(owner, relays));
  }

  list() {
    return this.#ask(() => this.#names.list());
  }

  async #ask<T>(request: () => Promise<T>): Promise<T> {
    await this.#life.live(() => this.#life.before());
    const answer = await request();
    await this.#life.live(() => this.#life.after());
    return answer;
  }
}
