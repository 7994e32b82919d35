import type { IpAddress, PortProtocol } from '@fairlead/base';
import type { Change, ForeignFilter, KernelObject, NamespaceName } from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';

/** Which connections conntrack shall forget; every given part has to match. */
export interface ConnectionFilter {
  readonly protocol?: PortProtocol;
  /** Address that the first packet was sent to, or that answers. */
  readonly address?: IpAddress;
  /** Port that the first packet was sent to. */
  readonly port?: number;
}

/** A port of a bridge, by what it is called. */
export interface PortName {
  readonly name: string;
  readonly alias?: string;
}

/** An address that is used behind a port of a bridge. */
export interface BridgeGuest {
  readonly port: string;
  readonly address: IpAddress;
  /** Not heard of for a while: it may be somewhere else by now. */
  readonly isStale?: true;
}

/** Kinds of links that a kernel may be built without. */
export type LinkKind = 'macvlan' | 'ipvlan' | 'vlan' | 'dummy';

/** What the network model needs from Linux. `@fairlead/kernel` has the real one and a fake that refuses nonsense. */
export interface KernelPort {
  /**
   * Make the changes in order. What needs no waiting in the kernel is done before the promise is returned; links are
   * deleted off the main thread. What exists already as wanted, or is gone already, is success.
   *
   * @throws NetlinkError or SystemCallError of the first change that failed; those before it stay made.
   */
  apply(changes: readonly Change[]): Promise<void>;
  /** What a namespace holds now, of all kinds or of some; sysctls have to be read one by one. */
  observe(namespace: NamespaceName, kinds?: readonly KernelObject['kind'][]): KernelObject[];
  /** Value of a sysctl, without the line break; `undefined` when there is no such key (its link is missing). */
  readSysctl(namespace: NamespaceName, key: string): string | undefined;
  /** Whether this kernel can make links of a kind. */
  supports(feature: `${LinkKind} links`): boolean;
  /** Names of the pinned namespaces, ours and others'. */
  namespaces(): NamespaceName[];
  /** Names under which nothing is pinned: left by a process that was killed while it made or removed a namespace. */
  emptyPins(): NamespaceName[];
  /**
   * Drop connections from conntrack so that they do not go on to an endpoint that is no more.
   *
   * @param namespace the one that tracks them; absent means the host's.
   */
  forgetConnections(filter: ConnectionFilter, namespace?: NamespaceName): Promise<void>;
  /** Chains of others that drop what is forwarded unless a rule of theirs lets it through. */
  foreignFilters(): ForeignFilter[];
  /** Addresses that are used behind some ports of a bridge of the host, as far as the kernel knows. */
  bridgeGuests(bridge: string, isMeant: (port: PortName) => boolean): BridgeGuest[];
  /**
   * Hear of what the host's namespace loses from now on, and of routes, addresses and links that come, by whose hand ever, until
   * the disposal; and when more happened than could be heard of.
   *
   * @param onNews must not throw.
   * @param rules also of what goes from nftables.
   */
  watchNews(onNews: (news: News) => void, rules: boolean): Promise<Disposable>;
  /** Tell everybody on a link that its addresses are here, once; harmless when the link is gone or down. */
  announce(namespace: NamespaceName, link: string, addresses: readonly IpAddress[]): void;
}
