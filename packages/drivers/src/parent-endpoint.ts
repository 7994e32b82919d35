import { type InterfaceAddress, type MacAddress, prefixFamily } from '@fairlead/base';
import type { KernelObject, LinkType, NamespaceName } from '@fairlead/netlink';
import { type Bandwidth, limited } from './bandwidth.ts';
import { ipv6Settings } from './ipv6-settings.ts';
import { ownerAlias } from './owner.ts';

type Macvlan = Extract<LinkType, { kind: 'macvlan' }>;
type Ipvlan = Extract<LinkType, { kind: 'ipvlan' }>;

/** What the links of a macvlan or ipvlan network are made of, but for their parent. */
export type ChildType = Omit<Macvlan, 'parent'> | Omit<Ipvlan, 'parent'>;

/** What one container's place on a macvlan or ipvlan network is. */
export interface ParentEndpoint {
  readonly id: string;
  /** Namespace of the sandbox. */
  readonly namespace: NamespaceName;
  /** Name inside the sandbox. */
  readonly interface: string;
  /** Interface of the host that the link hangs on. */
  readonly parent: string;
  readonly type: ChildType;
  /** Absent where the link has its parent's. */
  readonly mac?: MacAddress;
  /** Bytes; absent means the parent's. */
  readonly mtu?: number;
  readonly addresses: readonly InterfaceAddress[];
  /** Whether the interface has IPv6; absent means so if one of its addresses is of it. */
  readonly ipv6?: boolean;
  /** How fast the container may send; what it receives comes past no queue of ours. */
  readonly bandwidth?: Pick<Bandwidth, 'out'>;
  /** No way out, whatever the routers of the link announce. */
  readonly internal: boolean;
}

/** A link from an interface of the host straight into the sandbox, with the container's addresses. */
export function parentEndpointObjects(endpoint: ParentEndpoint): KernelObject[] {
  const { namespace, interface: link, mac, mtu } = endpoint;
  const { ipv6 = endpoint.addresses.some((address) => prefixFamily(address) === 6) } = endpoint;
  const believesNobody = endpoint.internal ? { accept_ra: '0' } : {};
  return [
    {
      kind: 'link',
      namespace,
      name: link,
      type: { ...endpoint.type, parent: endpoint.parent },
      madeIn: '',
      up: true,
      ...(mac && { mac }),
      ...(mtu && { mtu }),
      alias: ownerAlias('endpoint', endpoint.id),
    },
    // Before the link comes up: an interface without IPv6 gets no link-local address either.
    ...ipv6Settings({ namespace, link, ...(mtu && { mtu }) }, { disable_ipv6: ipv6 ? '0' : '1', ...believesNobody }),
    ...endpoint.addresses.map((address): KernelObject => ({ kind: 'address', namespace, link, address })),
    ...limited(namespace, link, endpoint.bandwidth?.out),
  ];
}
