import { type InterfaceAddress, type MacAddress, prefixFamily } from '@fairlead/base';
import type { KernelObject, SysctlObject } from '@fairlead/netlink';
import { ipv6Settings } from './ipv6-settings.ts';
import { ownerAlias } from './owner.ts';
import { sysctlName } from './sysctl-name.ts';

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
  const { bridge, mtu, ipv6 } = network;
  const setting = (key: string, value: string): SysctlObject => ({ kind: 'sysctl', namespace: '', key, value });
  const settings = [
    // Replies to the host's own 127.0.0.1 come in over the bridge after address translation.
    setting(`net.ipv4.conf.${sysctlName(bridge)}.route_localnet`, '1'),
    // The host is the router of this link and must not believe a container that says it is one.
    ...ipv6Settings({ namespace: '', link: bridge, mtu }, { accept_ra: '0', disable_ipv6: ipv6 ? '0' : '1' }),
  ];
  if (!network.forwards) return settings;
  if (network.gateways.some((address) => prefixFamily(address) === 4))
    settings.push(setting('net.ipv4.ip_forward', '1'));
  if (ipv6) settings.push(setting('net.ipv6.conf.all.forwarding', '1'));
  return settings;
}
