import { type Family, familyOf, parseIpAddress, sizeOfRange } from '@fairlead/base';
import { addressIn, gatewayModeOf, type Joined } from '../route/gateway.ts';
import { singleBindings } from './port-binding.ts';
import type { BoundPort, PortBinding, PortMapping } from './port-model.ts';

const anywhere = { 4: parseIpAddress('0.0.0.0'), 6: parseIpAddress('::') } as const;

/** One entry for each port of the mappings. */
export function boundPorts(mappings: readonly PortMapping[]): BoundPort[] {
  return mappings.flatMap(({ protocol, hostAddress, hostPorts, containerPorts }) =>
    Array.from({ length: sizeOfRange(hostPorts) }, (_, offset) => ({
      protocol,
      hostAddress,
      hostPort: hostPorts.first + offset,
      containerPort: containerPorts.first + offset,
    })),
  );
}

/**
 * Ports that are reached under the container's own address, as Docker tells of them: under the host address that was
 * asked for, which nothing is bound to, and with no host port, written as 0.
 */
export function routedPorts(ports: readonly PortBinding[], joined: readonly Joined[]): BoundPort[] {
  const routed = ([4, 6] as const).filter((family) => joined.some((item) => isRouted(item, family)));
  if (routed.length === 0) return [];
  return ports
    .flatMap(singleBindings)
    .flatMap(({ protocol, containerPort, hostAddress }) =>
      routed
        .filter((family) => hostAddress === undefined || familyOf(hostAddress) === family)
        .map((family) => ({ protocol, containerPort, hostAddress: hostAddress ?? anywhere[family], hostPort: 0 })),
    );
}

function isRouted({ endpoint, network }: Joined, family: Family): boolean {
  return !network.internal && addressIn(endpoint, family) !== undefined && gatewayModeOf(network, family) === 'routed';
}
