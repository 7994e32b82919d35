import { type IpAddress, isUnspecified, type PortProtocol, type PortRange } from '@fairlead/base';
import type { HostPorts } from '@fairlead/dns';

/** Consecutive ports, the same of all addresses. */
export interface PortGroup extends PortRange {
  readonly protocol: PortProtocol;
  readonly addresses: readonly IpAddress[];
}

const wildcards: readonly IpAddress[] = ['0.0.0.0' as IpAddress, '::' as IpAddress];

/** Both wildcards of the same ports come together; everything else stays alone, in its order. */
export function groupWildcards(ports: readonly HostPorts[]): PortGroup[] {
  const groups = new Map<string, PortGroup>();
  for (const { protocol, address, first, last } of ports) {
    const shared = isUnspecified(address) ? '*' : address;
    const key = `${protocol}/${shared}/${first}-${last}`;
    const addresses = isUnspecified(address) && groups.has(key) ? wildcards : [address];
    const known = groups.get(key)?.addresses;
    groups.set(key, { protocol, first, last, addresses: known?.includes(address) ? known : addresses });
  }
  return [...groups.values()];
}
