import { familyOf, formatPolicy } from '@fairlead/base';
import {
  admissionElements,
  portMappingElements,
  relayElements,
  routedAdmissionElements,
  routedPortElements,
} from '@fairlead/firewall';
import type { KernelObject } from '@fairlead/netlink';
import type { Sandbox } from '../model.ts';
import { addressIn, type Election, gatewayModeOf, type Joined } from '../route/gateway.ts';
import { type AdmittedMapping, decisive, effectivePolicy, keyOf, splitByPolicy } from './port-admission.ts';
import { containerPortsOf, openPorts, partitionByOverlap, singleBindings } from './port-binding.ts';

/** What the published ports of a sandbox ask of the host's table. */
export function publishedFragment(sandbox: Sandbox, gateways: Election): KernelObject[] {
  return translatedPorts(sandbox, gateways).flatMap(({ policy, ...mapping }) => {
    const family = familyOf(mapping.hostAddress);
    const gateway = family === 4 ? gateways.ipv4 : gateways.ipv6;
    const containerAddress = gateway && addressIn(gateway.endpoint, family);
    const limited = policy !== undefined;
    const place = { protocol: mapping.protocol, address: mapping.hostAddress, ports: mapping.hostPorts };
    return [
      ...(limited ? admissionElements({ ...place, policy }) : []),
      ...(containerAddress ? portMappingElements({ ...mapping, containerAddress, limited }) : []),
      ...relayElements(mapping),
    ];
  });
}

/** Ports that are reached under the container's own address; on every routed network, gateway or not. */
export function routedFragment(sandbox: Sandbox, joined: readonly Joined[]): KernelObject[] {
  return openedPorts(sandbox, joined).flatMap(({ protocol, hostAddress: address, hostPorts: ports, policy }) =>
    policy === undefined
      ? routedPortElements({ protocol, containerAddress: address, containerPorts: ports })
      : routedAdmissionElements({ protocol, address, ports, policy }),
  );
}

/** The mappings that have a way in, with who may ask for them: where IPv6 has none of its own, it is relayed to IPv4. */
export function translatedPorts(sandbox: Sandbox, { ipv4, ipv6 }: Election): AdmittedMapping[] {
  const isChosen = sandbox.portPolicies !== undefined || sandbox.ports.some(({ policy }) => policy !== undefined);
  return sandbox.mappings.flatMap((mapping) => {
    const { network } = (familyOf(mapping.hostAddress) === 4 ? ipv4 : ipv6) ?? ipv4 ?? ipv6 ?? {};
    if (network === undefined) return [];
    const hasPolicy = isChosen || network.bridge?.portPolicy !== undefined;
    return hasPolicy ? splitByPolicy(sandbox, network, mapping) : [mapping];
  });
}

/** The ports that are routed to a sandbox, with who may ask for them; the host's side of a mapping is the container's own. */
export function openedPorts(sandbox: Sandbox, joined: readonly Joined[]): AdmittedMapping[] {
  if (sandbox.ports.length === 0) return [];
  return joined.flatMap(({ endpoint, network }) =>
    ([4, 6] as const).flatMap((family) => {
      const hostAddress = addressIn(endpoint, family);
      if (network.internal || hostAddress === undefined || gatewayModeOf(network, family) !== 'routed') return [];
      // A port that is published twice has one policy here, or its ranges would overlap in the kernel's sets.
      const ofFamily = sandbox.ports.filter((port) => !port.hostAddress || familyOf(port.hostAddress) === family);
      const { alone, overlapping } = partitionByOverlap(ofFamily, ({ protocol, ...binding }) => ({
        protocol,
        ports: containerPortsOf(binding),
      }));
      const byPort = Map.groupBy(overlapping.flatMap(singleBindings), keyOf);
      const single = [...alone, ...[...byPort.values()].flatMap((ports) => decisive(ports) ?? [])];
      const asked = single.map((port) => ({ port, policy: effectivePolicy(sandbox, network, port) }));
      const alike = Map.groupBy(asked, ({ policy }) => policy && formatPolicy(policy));
      return [...alike.values()].flatMap((group) => {
        const policy = group[0]?.policy;
        const open = openPorts(
          group.map(({ port }) => port),
          family,
        );
        return open.map(({ protocol, containerPorts }) => ({
          protocol,
          hostAddress,
          hostPorts: containerPorts,
          containerPorts,
          ...(policy && { policy }),
        }));
      });
    }),
  );
}
