import type { MacAddress } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { ownerAlias } from './owner.ts';

/** An interface of the host that a macvlan or ipvlan network made to hang its containers' links on. */
export interface MadeParent {
  readonly name: string;
  /** The network that made it; another one may use it too. */
  readonly owner: string;
  readonly link:
    | { readonly kind: 'vlan'; readonly parent: string; readonly id: number }
    | { readonly kind: 'dummy'; readonly mac?: MacAddress };
}

/** What a macvlan or ipvlan network is on the host: nothing but the parent that it made. */
export function parentNetworkObjects({ name, owner, link }: MadeParent): KernelObject[] {
  const { kind } = link;
  const type = kind === 'vlan' ? { kind, parent: link.parent, id: link.id } : { kind };
  return [
    {
      kind: 'link',
      namespace: '',
      name,
      type,
      up: true,
      // A VLAN speaks under the hardware address of the interface below it, and follows it.
      ...(kind === 'dummy' && link.mac && { mac: link.mac }),
      alias: ownerAlias('network', owner),
    },
  ];
}
