import { interfaceAddress, parsePrefix, prefixFamily } from '@fairlead/base';
import type { DrivenNetwork, DrivenSubnet } from '@fairlead/plugins';
import type { Network, SubnetConfig } from '../model.ts';

const NO_POOL = { 4: parsePrefix('0.0.0.0/0'), 6: parsePrefix('::/0') } as const;

/** What a plugin is told of a network that it shall make. */
export function drivenNetwork(network: Network): DrivenNetwork {
  const { id, options, ipv6, internal } = network;
  return { id, options, ipv6, internal, subnets4: drivenSubnets(network, 4), subnets6: drivenSubnets(network, 6) };
}

function drivenSubnets(network: Network, family: 4 | 6): DrivenSubnet[] {
  if (!network[`ipv${family}`]) return [];
  if (network.ipamDriver === 'null') return [{ addressSpace: 'null', pool: NO_POOL[family] }];
  return network.subnets.flatMap((subnet, index) =>
    prefixFamily(subnet.subnet) === family ? [drivenSubnet(subnet, network.pools?.[index]?.addressSpace)] : [],
  );
}

function drivenSubnet({ subnet, gateway, auxiliary = {} }: SubnetConfig, space = 'LocalDefault'): DrivenSubnet {
  const kept = Object.entries(auxiliary).map(([name, address]) => [name, interfaceAddress(address, subnet)]);
  return {
    addressSpace: space,
    pool: subnet,
    ...(gateway && { gateway: interfaceAddress(gateway, subnet) }),
    ...(kept.length > 0 && { auxiliary: Object.fromEntries(kept) }),
  };
}
