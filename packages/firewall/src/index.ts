/**
 * What the kernel's firewall must hold for containers: a static table, and the elements that each network and each
 * published port asks for.
 *
 * @module
 */
export { type ByFamily, type GatewayMode, networkElements, type NetworkPolicy } from './network-policy.ts';
export { dnsAddress, type DnsPorts, dnsTable } from './dns-table.ts';
export { type FamilySet, hostElement, type HostSet, tableName } from './host-sets.ts';
export { hostTable, type HostTableOptions } from './host-table.ts';
export { type PortMapping, portMappingElements, type RoutedPort, routedPortElements } from './port-mapping.ts';
