import { type InterfaceAddress, type IpAddress, type MacAddress, type Prefix, prefixFamily } from '@fairlead/base';
import type { KernelObject, NamespaceName } from '@fairlead/netlink';
import { ipv6Settings } from './ipv6-settings.ts';
import { ownerAlias } from './owner.ts';

/** One container's place on a network whose interfaces somebody else makes, in the host's namespace. */
export interface MovedEndpoint {
  readonly id: string;
  /** Namespace of the sandbox. */
  readonly namespace: NamespaceName;
  /** Name inside the sandbox. */
  readonly interface: string;
  /** Name in the host's namespace. */
  readonly source: string;
  /** Absent where it keeps the one that it has. */
  readonly mac?: MacAddress;
  readonly addresses: readonly InterfaceAddress[];
  /** Without `via` the destination is on the link. */
  readonly routes: readonly { readonly destination: Prefix; readonly via?: IpAddress }[];
}

/** An interface of the host that moves into the sandbox, with the container's addresses and the routes over it. */
export function movedEndpointObjects(endpoint: MovedEndpoint): KernelObject[] {
  const { namespace, interface: link, source, mac } = endpoint;
  const ipv6 = endpoint.addresses.some((address) => prefixFamily(address) === 6);
  // What is on the link comes first: a router may be reached by it.
  const routes = endpoint.routes.toSorted((a, b) => Number(a.via !== undefined) - Number(b.via !== undefined));
  return [
    {
      kind: 'link',
      namespace,
      name: link,
      type: { kind: 'moved', source },
      madeIn: '',
      up: true,
      ...(mac && { mac }),
      alias: ownerAlias('endpoint', endpoint.id),
    },
    // Before the link comes up: an interface without IPv6 gets no link-local address either.
    ...ipv6Settings({ namespace, link }, { disable_ipv6: ipv6 ? '0' : '1' }),
    ...endpoint.addresses.map((address): KernelObject => ({ kind: 'address', namespace, link, address })),
    ...routes.map(({ destination, via }): KernelObject => {
      const scope = via === undefined && prefixFamily(destination) === 4 ? { scope: 'link' as const } : {};
      return { kind: 'route', namespace, destination, link, ...(via && { via }), ...scope };
    }),
  ];
}
