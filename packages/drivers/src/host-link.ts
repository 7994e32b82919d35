import { familyBits, familyOf, type IpAddress, interfaceAddress, type MacAddress, prefixOf } from '@fairlead/base';
import type { KernelObject, RouteObject } from '@fairlead/netlink';
import { ipv6Settings } from './ipv6-settings.ts';
import { ownerAlias } from './owner.ts';
import type { ChildType } from './parent-endpoint.ts';
import { sysctlName } from './sysctl-name.ts';

/** The host's own link beside those of the containers of a macvlan or ipvlan network. */
export interface HostLink {
  readonly name: string;
  /** Absent where the link has its parent's. */
  readonly mac?: MacAddress;
  /** One of each family at most. */
  readonly addresses: readonly IpAddress[];
}

/** What a host's link hangs on. */
export interface HostLinkPlace {
  /** Of the network. */
  readonly id: string;
  readonly parent: string;
  readonly type: ChildType;
  /** Bytes; absent means the parent's. */
  readonly mtu?: number;
}

/**
 * The link with its addresses. It is for the containers alone: nothing else is on it (the addresses have no subnet), it
 * answers for no other address of the host, which the wire would hear as well, and believes no router.
 */
export function hostLinkObjects({ name: link, mac, addresses }: HostLink, place: HostLinkPlace): KernelObject[] {
  const { id, parent, type, mtu } = place;
  const ipv6 = addresses.some((address) => familyOf(address) === 6);
  const setting = (name: string, value: string): KernelObject => {
    return { kind: 'sysctl', namespace: '', key: `net.ipv4.conf.${sysctlName(link)}.${name}`, value };
  };
  return [
    {
      kind: 'link',
      namespace: '',
      name: link,
      type: { ...type, parent },
      up: true,
      ...(mac && { mac }),
      ...(mtu && { mtu }),
      alias: ownerAlias('network', id),
    },
    setting('arp_ignore', '1'),
    setting('arp_announce', '2'),
    ...ipv6Settings({ namespace: '', link, ...(mtu && { mtu }) }, { accept_ra: '0', disable_ipv6: ipv6 ? '0' : '1' }),
    ...addresses.map((address): KernelObject => {
      return { kind: 'address', namespace: '', link, address: interfaceAddress(address, single(address)) };
    }),
  ];
}

/** The host's ways to a container by its link, from its address there. */
export function hostRouteObjects({ name: link, addresses }: HostLink, containers: readonly IpAddress[]): RouteObject[] {
  return containers.flatMap((address): RouteObject[] => {
    const source = addresses.find((own) => familyOf(own) === familyOf(address));
    if (source === undefined) return [];
    const scope = familyOf(address) === 4 ? ({ scope: 'link' } as const) : {};
    return [{ kind: 'route', namespace: '', destination: single(address), link, source, ...scope }];
  });
}

function single(address: IpAddress) {
  return prefixOf(address, familyBits(familyOf(address)));
}
