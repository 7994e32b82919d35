import type { IpAddress } from '@fairlead/base';
import { deleteNamespace, Kernel, listNamespaces } from '@fairlead/kernel';
import type { Change, ForeignFilter, KernelObject, NamespaceName } from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import type { BridgeGuest, ConnectionFilter, KernelPort, LinkKind, PortName } from '../kernel-port.ts';

/** Something for networks to hang on, that is none of ours. */
const uplink: KernelObject = { kind: 'link', namespace: '', name: 'uplink', type: { kind: 'bridge' }, up: true };

/** The real kernel, in which a namespace of our own plays the host's. */
export class KernelInside implements KernelPort, Disposable {
  readonly #kernel = new Kernel();
  readonly #host: NamespaceName;
  readonly #prefix: string;

  /**
   * @param host name of the namespace that plays the host's.
   * @param prefix only namespaces that begin so are seen.
   */
  constructor(host: NamespaceName, prefix: string) {
    this.#host = host;
    this.#prefix = prefix;
  }

  /** The namespace that plays the host's, with an interface in it. */
  async makeHost(): Promise<void> {
    const objects: readonly KernelObject[] = [{ kind: 'namespace', namespace: '' }, uplink];
    await this.apply(objects.map((object) => ({ action: 'add', object })));
  }

  async apply(changes: readonly Change[]): Promise<void> {
    await this.#kernel.apply(changes.map((change) => inside(change, this.#host)));
  }

  observe(namespace: NamespaceName, kinds?: readonly KernelObject['kind'][]): KernelObject[] {
    return this.#kernel.observe(namespace || this.#host, kinds).map((object) => {
      const made = object.kind === 'link' && object.madeIn === this.#host;
      return made ? { ...object, namespace, madeIn: '' } : { ...object, namespace };
    });
  }

  supports(feature: `${LinkKind} links`): boolean {
    return this.#kernel.supports(feature);
  }

  readSysctl(namespace: NamespaceName, key: string): string | undefined {
    return this.#kernel.readSysctl(namespace || this.#host, key);
  }

  namespaces(): NamespaceName[] {
    return this.#kernel.namespaces().filter((name) => name.startsWith(this.#prefix));
  }

  emptyPins(): NamespaceName[] {
    return this.#kernel.emptyPins().filter((name) => name.startsWith(this.#prefix));
  }

  foreignFilters(): ForeignFilter[] {
    return this.#kernel.foreignFilters(this.#host);
  }

  bridgeGuests(bridge: string, isMeant: (port: PortName) => boolean): BridgeGuest[] {
    return this.#kernel.bridgeGuests(bridge, isMeant, this.#host);
  }

  watchNews(onNews: (news: News) => void, rules: boolean): Promise<Disposable> {
    return this.#kernel.watchNews(onNews, rules, this.#host);
  }

  announce(namespace: NamespaceName, link: string, addresses: readonly IpAddress[]): void {
    this.#kernel.announce(namespace, link, addresses);
  }

  async forgetConnections(filter: ConnectionFilter, namespace: NamespaceName = ''): Promise<void> {
    await this.#kernel.forgetConnections(filter, namespace || this.#host);
  }

  [Symbol.dispose](): void {
    this.#kernel[Symbol.dispose]();
  }
}

function inside(change: Change, host: NamespaceName): Change {
  const object = placed(change.object, host);
  if (change.action !== 'change') return { ...change, object };
  return { ...change, object, previous: placed(change.previous, host) };
}

function placed(object: KernelObject, host: NamespaceName): KernelObject {
  const namespace = object.namespace || host;
  if (object.kind !== 'link') return { ...object, namespace };
  const { type, madeIn } = object;
  const isInHost = type.kind === 'veth' && type.peer?.namespace === '';
  return {
    ...object,
    namespace,
    ...(madeIn === '' && { madeIn: host }),
    ...(isInHost && { type: { ...type, peer: { ...type.peer, namespace: host } } }),
  };
}

/** Take away what runs with these names have left. */
export function removeHost(host: NamespaceName, prefix: string): void {
  for (const name of listNamespaces()) if (name === host || name.startsWith(prefix)) deleteNamespace(name);
}
