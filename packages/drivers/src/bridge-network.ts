import { type InterfaceAddress, type MacAddress, prefixFamily } from '@fairlead/base';
import type { KernelObject, SysctlObject } from '@fairlead/netlink';
import { ownerAlias } from './owner.ts';

/** What a bridge network is on the host, as far as links and addresses go. */
export interface BridgeNetwork {
  readonly id: string;
  /** Name of the bridge interface. */
  readonly bridge: string;
  readonly mac: MacAddress;
  /** Bytes. */
  readonly mtu: number;
  /** The host's own addresses on the bridge: the containers' gateways. */
  readonly gateways: readonly InterfaceAddress[];
  readonly ipv6: boolean;
  /** The host is to pass packets on: there is a way out, and the operator does not see to forwarding himself. */
  readonly forwards: boolean;
  /** The bridge was made by somebody else: only addresses and settings are ours, the link stays. */
  readonly adopted: boolean;
  /** Link group of the bridge, when it is to have one. */
  readonly group?: number;
}

/** The bridge, its addresses and the settings that make the host a router for it. */
export function bridgeNetworkObjects(network: BridgeNetwork): KernelObject[] {
  const { bridge } = network;
  const objects: KernelObject[] = [];
  if (!network.adopted) {
    objects.push({
      kind: 'link',
      namespace: '',
      name: bridge,
      type: { kind: 'bridge' },
      up: true,
      mac: network.mac,
      mtu: network.mtu,
      alias: ownerAlias('network', network.id),
      ...(network.group !== undefined && { group: network.group }),
    });
  }
  objects.push(...bridgeSysctls(network));
  for (const address of network.gateways) objects.push({ kind: 'address', namespace: '', link: bridge, address });
  return objects;
}

function bridgeSysctls(network: BridgeNetwork): SysctlObject[] {
  const key = sysctlName(network.bridge);
  const settings: [string, string][] = [
    // Replies to the host's own 127.0.0.1 come in over the bridge after address translation.
    [`net.ipv4.conf.${key}.route_localnet`, '1'],
    // The host is the router of this link and must not believe a container that says it is one.
    [`net.ipv6.conf.${key}.accept_ra`, '0'],
    [`net.ipv6.conf.${key}.disable_ipv6`, network.ipv6 ? '0' : '1'],
  ];
  if (network.forwards) {
    if (network.gateways.some((address) => prefixFamily(address) === 4)) settings.push(['net.ipv4.ip_forward', '1']);
    if (network.ipv6) settings.push(['net.ipv6.conf.all.forwarding', '1']);
  }
  return settings.map(([name, value]) => ({ kind: 'sysctl', namespace: '', key: name, value }));
}

/** An interface name as part of a sysctl key: a dot is written as a slash (sysctl(8)). */
export function sysctlName(link: string): string {
  return link.replaceAll('.', '/');
}
