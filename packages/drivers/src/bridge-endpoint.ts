import { type InterfaceAddress, type MacAddress, prefixFamily } from '@fairlead/base';
import type { KernelObject, NamespaceName } from '@fairlead/netlink';
import { type Bandwidth, limited } from './bandwidth.ts';
import { ipv6Settings } from './ipv6-settings.ts';
import { ownerAlias } from './owner.ts';

/** What one container's place on a bridge network is. */
export interface BridgeEndpoint {
  readonly id: string;
  /** Namespace of the sandbox. */
  readonly namespace: NamespaceName;
  /** Name of the veth end that is a port of the bridge. */
  readonly hostInterface: string;
  readonly hostMac: MacAddress;
  /** Name inside the sandbox. */
  readonly interface: string;
  readonly mac: MacAddress;
  /** Bytes. */
  readonly mtu: number;
  readonly bridge: string;
  readonly addresses: readonly InterfaceAddress[];
  /** Whether the interface has IPv6; absent means so if one of its addresses is of it. */
  readonly ipv6?: boolean;
  /** How fast the container may receive and send. */
  readonly bandwidth?: Bandwidth;
  /** Containers of the network do not talk to each other (`enable_icc=false`). */
  readonly isolated?: boolean;
}

/** A veth pair from the bridge into the sandbox, with the container's addresses on the inner end. */
export function bridgeEndpointObjects(endpoint: BridgeEndpoint): KernelObject[] {
  const { namespace, mtu } = endpoint;
  const link = endpoint.interface;
  const { ipv6 = endpoint.addresses.some((address) => prefixFamily(address) === 6) } = endpoint;
  return [
    {
      kind: 'link',
      namespace: '',
      name: endpoint.hostInterface,
      type: { kind: 'veth', peer: { namespace, name: link, mac: endpoint.mac, mtu } },
      up: true,
      mac: endpoint.hostMac,
      mtu,
      master: endpoint.bridge,
      port: { hairpin: true, isolated: endpoint.isolated ?? false },
      alias: ownerAlias('endpoint', endpoint.id),
    },
    // Before the link comes up: an interface without IPv6 gets no link-local address either.
    ...ipv6Settings({ namespace, link, mtu }, { disable_ipv6: ipv6 ? '0' : '1' }),
    ...endpoint.addresses.map((address): KernelObject => ({ kind: 'address', namespace, link, address })),
    { kind: 'link', namespace, name: link, type: { kind: 'veth' }, up: true, mac: endpoint.mac, mtu },
    // What the container receives is what the outer end sends.
    ...limited('', endpoint.hostInterface, endpoint.bandwidth?.in),
    ...limited(namespace, link, endpoint.bandwidth?.out),
  ];
}
