import { AsyncLocalStorage } from 'node:async_hooks';
import { FairleadError, lateModule, messageOf } from '@fairlead/base';
import type { Joined } from '../route/gateway.ts';
import type { LanHosts, LanHostsContext } from './lan-hosts.ts';
import { isLan } from './lan-network.ts';
import type { LanAccess } from './lan-port.ts';

const hostsModule = lateModule(() => import('./lan-hosts.ts'));

/** What {@link Lans} works with. */
export interface LansContext extends Pick<LanHostsContext, 'state' | 'logger' | 'follower' | 'onClaim'> {
  /** Absent where nobody can speak on the links of containers. */
  readonly access: LanAccess | undefined;
}

/** The door to containers that are hosts of LANs; what is behind it is loaded with the first one. */
export class Lans {
  readonly #context: LansContext;
  readonly #outside = AsyncLocalStorage.snapshot();
  #hosts: Promise<LanHosts> | undefined;

  constructor(context: LansContext) {
    this.#context = context;
  }

  /**
   * Endpoints whose links are up get what their LANs give.
   *
   * @param signal gives the waiting up.
   * @throws FairleadError when nobody there gives anything, or it is given up.
   */
  async obtain(namespace: string, joined: readonly Joined[], signal?: AbortSignal): Promise<void> {
    const hosts = joined.filter(({ network }) => isLan(network));
    await (await this.#load()).obtain(namespace, hosts, signal);
  }

  /** Endpoints go, or have not come to be. Never rejects. */
  async end(joined: readonly Joined[]): Promise<void> {
    const hosts = joined.filter(({ network }) => isLan(network));
    if (hosts.length === 0) return;
    await this.#quietly((lans) => {
      for (const { endpoint } of hosts) lans.end(endpoint.id);
      lans.sayFarewells();
    });
  }

  /** Leases that nobody needs any more are given back. Never rejects. */
  async sayFarewells(): Promise<void> {
    if (this.#context.state.farewells.size > 0) await this.#quietly((lans) => lans.sayFarewells());
  }

  /** After a start: leases of containers that run are kept from here on. Never rejects. */
  async recover(): Promise<void> {
    const { state } = this.#context;
    const networks = [...state.networks].filter(isLan);
    await this.sayFarewells();
    if (networks.length === 0) return;
    await this.#quietly((lans) => {
      for (const network of networks) {
        for (const endpoint of state.endpoints.onNetwork(network.id)) {
          lans.resume(state.sandbox(endpoint.sandbox).namespace, { endpoint, network });
        }
      }
    });
  }

  #load(): Promise<LanHosts> {
    this.#hosts ??= this.#make();
    return this.#hosts;
  }

  async #make(): Promise<LanHosts> {
    const { access, ...context } = this.#context;
    if (access === undefined) throw new FairleadError('not-implemented', 'addresses of a LAN cannot be had here');
    const [{ LanHosts: Hosts }, port] = await Promise.all([hostsModule(), access()]);
    return new Hosts({ ...context, port, outside: this.#outside });
  }

  async #quietly(work: (lans: LanHosts) => void): Promise<void> {
    try {
      work(await this.#load());
    } catch (error) {
      this.#context.logger.error('leases not looked after', { error: messageOf(error) });
    }
  }
}
