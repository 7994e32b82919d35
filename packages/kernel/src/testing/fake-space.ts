import {
  addressOf,
  type InterfaceAddress,
  networkOf,
  prefixContains,
  prefixFamily,
  prefixLength,
} from '@fairlead/base';
import {
  type AddressObject,
  type ErrnoName,
  identityOf,
  type KernelObject,
  type LinkObject,
  type NamespaceName,
  NetlinkError,
  type RouteObject,
} from '@fairlead/netlink';
import { SystemCallError } from '../system-call/system-call-error.ts';

/** A namespace of the fake kernel. */
export class FakeSpace {
  readonly name: NamespaceName;
  readonly links = new Map<string, LinkObject>();
  /** Everything but links, by identity, in the order in which it was made. */
  readonly objects = new Map<string, KernelObject>();
  /** The other ends of this namespace's veths. */
  readonly peers = new Map<string, { readonly space: FakeSpace; readonly name: string }>();

  constructor(name: NamespaceName) {
    this.name = name;
    this.links.set('lo', {
      kind: 'link',
      namespace: name,
      name: 'lo',
      type: { kind: 'other', name: 'device' },
      up: true,
      mtu: 65536,
    });
    for (const address of ['127.0.0.1/8', '::1/128'] as InterfaceAddress[]) {
      this.put({ kind: 'address', namespace: name, link: 'lo', address });
    }
  }

  /** A link that has to be there. */
  link(operation: string, name: string): LinkObject {
    return this.links.get(name) ?? refuse(operation, 'ENODEV');
  }

  put(object: KernelObject): void {
    this.objects.set(identityOf(object), object);
  }

  find<Kind extends KernelObject['kind']>(kind: Kind): Extract<KernelObject, { kind: Kind }>[] {
    return [...this.objects.values()].filter(
      (object): object is Extract<KernelObject, { kind: Kind }> => object.kind === kind,
    );
  }

  /** Take away what `gone` says. */
  drop(gone: (object: KernelObject) => boolean): void {
    for (const [identity, object] of this.objects) if (gone(object)) this.objects.delete(identity);
  }

  /** Routes that the kernel makes by itself to the networks of addresses on links that are up. */
  connectedRoutes(): RouteObject[] {
    return this.find('address')
      .filter(({ link }) => link !== 'lo' && this.links.get(link)?.up)
      .flatMap(connectedRoute);
  }

  /** True when `address` is on a link's own network. */
  isOnLink(address: RouteObject['via'] & string, link: string | undefined): boolean {
    const candidates = [...this.connectedRoutes(), ...this.find('route').filter(({ via }) => via === undefined)];
    return candidates.some(
      (route) => (link === undefined || route.link === link) && prefixContains(route.destination, address),
    );
  }
}

function connectedRoute({ namespace, link, address }: AddressObject): RouteObject[] {
  const ipv6 = prefixFamily(address) === 6;
  if (prefixLength(address) === (ipv6 ? 128 : 32) && !ipv6) return [];
  const route = {
    kind: 'route',
    namespace,
    destination: networkOf(address),
    link,
    scope: 'link',
    protocol: 2,
  } as const;
  return [ipv6 ? { ...route, metric: 256 } : { ...route, source: addressOf(address) }];
}

/** All namespaces of the fake kernel. */
export type FakeWorld = Map<NamespaceName, FakeSpace>;

/** A namespace that has to be there. */
export function spaceOf(world: FakeWorld, name: NamespaceName): FakeSpace {
  const space = world.get(name);
  if (space === undefined) throw new SystemCallError('open', 'ENOENT');
  return space;
}

/** Fail as the kernel would. */
export function refuse(operation: string, errno: ErrnoName): never {
  throw new NetlinkError(operation, errno);
}
