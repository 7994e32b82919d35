import type { IpAddress } from '@fairlead/base';
import type { Change, ForeignFilter, KernelObject, NamespaceName } from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import type { BridgeGuest, ConnectionFilter, KernelPort, LinkKind, PortName } from '../kernel-port.ts';
import type { InterruptibleKernel } from './life.ts';

/** A real kernel that makes one change after the other, so that a process may end between any two of them. */
export class SteppedKernel implements InterruptibleKernel {
  beforeChange: ((change: Change) => void) | undefined;
  readonly #kernel: KernelPort;

  constructor(kernel: KernelPort) {
    this.#kernel = kernel;
  }

  async apply(changes: readonly Change[]): Promise<void> {
    const { beforeChange } = this;
    for (const change of changes) {
      beforeChange?.(change);
      await this.#kernel.apply([change]);
    }
  }

  observe(namespace: NamespaceName, kinds?: readonly KernelObject['kind'][]): KernelObject[] {
    return this.#kernel.observe(namespace, kinds);
  }

  supports(feature: `${LinkKind} links`): boolean {
    return this.#kernel.supports(feature);
  }

  readSysctl(namespace: NamespaceName, key: string): string | undefined {
    return this.#kernel.readSysctl(namespace, key);
  }

  namespaces(): NamespaceName[] {
    return this.#kernel.namespaces();
  }

  emptyPins(): NamespaceName[] {
    return this.#kernel.emptyPins();
  }

  async forgetConnections(filter: ConnectionFilter): Promise<void> {
    await this.#kernel.forgetConnections(filter);
  }

  foreignFilters(): ForeignFilter[] {
    return this.#kernel.foreignFilters();
  }

  bridgeGuests(bridge: string, isMeant: (port: PortName) => boolean): BridgeGuest[] {
    return this.#kernel.bridgeGuests(bridge, isMeant);
  }

  watchNews(onNews: (news: News) => void, rules: boolean): Promise<Disposable> {
    return this.#kernel.watchNews(onNews, rules);
  }

  announce(namespace: NamespaceName, link: string, addresses: readonly IpAddress[]): void {
    this.#kernel.announce(namespace, link, addresses);
  }
}
