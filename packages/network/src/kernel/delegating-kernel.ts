import type { IpAddress } from '@fairlead/base';
import type { Change, ForeignFilter, KernelObject, NamespaceName } from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import type { BridgeGuest, ConnectionFilter, KernelPort, LinkKind, PortName } from '../kernel-port.ts';

/** A kernel that hands everything on to another one: those that differ in a few things write only these. */
export abstract class DelegatingKernel implements KernelPort {
  readonly #target: KernelPort;

  constructor(target: KernelPort) {
    this.#target = target;
  }

  apply(changes: readonly Change[]): Promise<void> {
    return this.#target.apply(changes);
  }

  observe(namespace: NamespaceName, kinds?: readonly KernelObject['kind'][]): KernelObject[] {
    return this.#target.observe(namespace, kinds);
  }

  readSysctl(namespace: NamespaceName, key: string): string | undefined {
    return this.#target.readSysctl(namespace, key);
  }

  supports(feature: `${LinkKind} links`): boolean {
    return this.#target.supports(feature);
  }

  namespaces(): NamespaceName[] {
    return this.#target.namespaces();
  }

  emptyPins(): NamespaceName[] {
    return this.#target.emptyPins();
  }

  forgetConnections(filter: ConnectionFilter, namespace?: NamespaceName): Promise<void> {
    return this.#target.forgetConnections(filter, namespace);
  }

  foreignFilters(): ForeignFilter[] {
    return this.#target.foreignFilters();
  }

  bridgeGuests(bridge: string, isMeant: (port: PortName) => boolean): BridgeGuest[] {
    return this.#target.bridgeGuests(bridge, isMeant);
  }

  watchNews(onNews: (news: News) => void, rules: boolean): Promise<Disposable> {
    return this.#target.watchNews(onNews, rules);
  }

  announce(namespace: NamespaceName, link: string, addresses: readonly IpAddress[]): void {
    this.#target.announce(namespace, link, addresses);
  }
}
