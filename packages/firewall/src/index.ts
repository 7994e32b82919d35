/**
 * What the kernel's firewall must hold for containers: a static table, and the elements that each network and each
 * published port asks for.
 *
 * @module
 */

export { antispoofElements, antispoofTable, antispoofTableName, type GuardedPort } from './antispoof-table.ts';
export {
  answersTableName,
  type DnsPorts,
  type DnsTableOptions,
  dnsTableNames,
  dnsTables,
  type SandboxPorts,
} from './dns-table.ts';
export {
  type FamilySet,
  type HostSet,
  hostAddressElement,
  hostElement,
  openBridgeGroup,
  segmentFitting,
  tableName,
} from './host-sets.ts';
export { type HostTableOptions, hostTable, hostTables, isHostTable } from './host-table.ts';
export { type ByFamily, type GatewayMode, type NetworkPolicy, networkElements } from './network-policy.ts';
export { admissionElements, type LimitedPorts, routedAdmissionElements } from './port-admission.ts';
export {
  type PortMapping,
  portMappingElements,
  type RoutedPort,
  relayElements,
  routedPortElements,
} from './port-mapping.ts';
export { type RelayTableOptions, relayTable, relayTableName } from './relay-table.ts';
export { type MeshPort, meshElements } from './routing-mesh.ts';
export { segmentsTable, segmentsTableName } from './segments-table.ts';
export { serviceTable, serviceTableName, virtualElements } from './service-table.ts';
