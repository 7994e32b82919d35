/**
 * The container network model: Network, Endpoint, Sandbox, and their reconciliation with the kernel.
 *
 * @module
 */

export { isGuarded } from './antispoof.ts';
export { withBandwidth } from './bandwidth.ts';
export { parseHostBindings } from './bridge-options.ts';
export { type ControllerContext, NetworkController } from './controller.ts';
export { diff, removals } from './diff.ts';
export { asksByIpv6, dnsNames, hasNames } from './dns-names.ts';
export { type RecordChange, recordText } from './dns-options.ts';
export type { JoinRequest } from './endpoint-factory.ts';
export { requirePlausibleEndpoint } from './endpoint-rules.ts';
export { gatewayAddress, isGatewayService } from './gateway.ts';
export { type HostsFile, hostsFile } from './hosts-file.ts';
export type { ConnectionFilter, KernelPort } from './kernel-port.ts';
export { contestTexts } from './lan/contest.ts';
export { addressWithLength, lanSearch } from './lan/lan-fragment.ts';
export type { LanAccess, LanPort } from './lan/lan-port.ts';
export type {
  BoundPort,
  BridgeSettings,
  DnsConfig,
  DriverName,
  Endpoint,
  EndpointConfig,
  IpamRequest,
  Lease,
  Network,
  NetworkEvent,
  NetworkRequest,
  PortBinding,
  PortMapping,
  Sandbox,
  SubnetConfig,
} from './model.ts';
export type {
  NameRecord,
  NameServicePort,
  PortRelay,
  PortReservation,
  ResolverEndpoint,
  ResolverNetwork,
  ResolverPorts,
  ResolverSandbox,
  ServicePort,
} from './name-service-port.ts';
export type { NetworkUpdate } from './network-update.ts';
export type { AdmittedMapping } from './port-admission.ts';
export { bindingWithin, containerPortsOf, joinBindings, singleBindings } from './port-binding.ts';

export type { PluginAccess, PluginPort } from './remote/plugin-port.ts';
export {
  hostResolvConf,
  internalResolvConf,
  parseResolvConf,
  type ResolvConf,
} from './resolv-conf.ts';
export type { SandboxRequest } from './sandbox-context.ts';
export { type BridgeCapacity, segmentNamesOf } from './segments.ts';
export type { DefaultBridge, NetworkSettings } from './settings.ts';
