import { parseIpAddress, parseMacAddress, parsePrefix } from '@fairlead/base';
import type { Endpoint, EndpointConfig, Network, ParentSettings, SubnetConfig } from '../model.ts';

const subnetOf: Readonly<Record<string, SubnetConfig>> = {
  4: { subnet: parsePrefix('10.0.0.0/24'), gateway: parseIpAddress('10.0.0.1') },
  6: { subnet: parsePrefix('fd00::/64'), gateway: parseIpAddress('fd00::1') },
};

/** A bridge network on 10.0.0.0/24, fd00::/64 or both. */
export function network(
  properties: Partial<Omit<Network, 'subnets'>> & { readonly subnets?: readonly string[] } = {},
): Network {
  const { subnets = ['4'], ...more } = properties;
  return {
    id: 'n'.repeat(64),
    name: 'app',
    driver: 'bridge',
    scope: 'local',
    created: 0,
    ipv4: subnets.includes('4'),
    ipv6: subnets.includes('6'),
    internal: false,
    attachable: false,
    options: {},
    labels: {},
    ipamDriver: 'default',
    ipamOptions: null,
    subnets: subnets.flatMap((family) => subnetOf[family] ?? []),
    bridge: {
      name: 'br-app',
      mac: parseMacAddress('02:00:00:00:00:01'),
      mtu: 1500,
      masquerade: true,
      adopted: false,
      interfacePrefix: 'eth',
    },
    ...more,
  };
}

/** A macvlan network on eth0, or another one on a parent. */
export function parented(
  parent: Partial<ParentSettings> = {},
  properties: Parameters<typeof network>[0] = {},
): Network {
  const { bridge: _, ...rest } = network({ name: 'lan', driver: 'macvlan', ...properties });
  const type = { kind: 'macvlan', mode: 'bridge' } as const;
  return { ...rest, parent: { name: 'eth0', type, interfacePrefix: 'eth', ...parent } };
}

/** An endpoint with the second address of each family. */
export function endpoint(
  properties: Partial<Endpoint> & { readonly families?: string; readonly config?: EndpointConfig } = {},
): Endpoint {
  const { families = '4', ...more } = properties;
  return {
    id: 'e'.repeat(64),
    sequence: 1,
    network: 'n'.repeat(64),
    sandbox: 's'.repeat(64),
    owner: 'c'.repeat(64),
    ownerName: 'web',
    hostname: 'web-host',
    config: {},
    ...(families.includes('4') && { ipv4: parseIpAddress('10.0.0.2') }),
    ...(families.includes('6') && { ipv6: parseIpAddress('fd00::2') }),
    mac: parseMacAddress('02:00:00:00:00:02'),
    interface: 'eth0',
    hostInterface: 'veth0123456789a',
    hostMac: parseMacAddress('02:00:00:00:00:03'),
    ...more,
  };
}
