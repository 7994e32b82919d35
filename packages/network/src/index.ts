/**
 * The container network model: Network, Endpoint, Sandbox, and their reconciliation with the kernel.
 *
 * @module
 */

export type { SubnetUsage } from './address/address-book.ts';
export { parseHostBindings } from './bridge/bridge-options.ts';
export { type BridgeCapacity, segmentNamesOf } from './bridge/segments.ts';
export { clientsFirst } from './clients-first.ts';
export { NetworkController } from './controller.ts';
export type { ControllerContext } from './controller-context.ts';
export { isGuarded } from './endpoint/antispoof.ts';
export { withBandwidth } from './endpoint/bandwidth.ts';
export type { JoinRequest } from './endpoint/endpoint-factory.ts';
export { requirePlausibleEndpoint } from './endpoint/endpoint-rules.ts';
export { diff, removals } from './kernel/diff.ts';
export type { ConnectionFilter, KernelPort } from './kernel-port.ts';
export { contestTexts } from './lan/contest.ts';
export { addressWithLength, lanSearch } from './lan/lan-fragment.ts';
export type { LanAccess, LanPort } from './lan/lan-port.ts';
export type {
  BridgeSettings,
  DnsConfig,
  DriverName,
  Endpoint,
  EndpointConfig,
  Lease,
  Network,
  NetworkEvent,
  Sandbox,
  SubnetConfig,
} from './model.ts';
export { asksByIpv6, dnsNames, hasNames } from './name/dns-names.ts';
export { type RecordChange, recordText } from './name/dns-options.ts';
export { type HostsFile, hostsFile } from './name/hosts-file.ts';
export {
  hostResolvConf,
  internalResolvConf,
  parseResolvConf,
  type ResolvConf,
} from './name/resolv-conf.ts';
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
export type { IpamRequest, NetworkRequest } from './network/network-request.ts';
export type { NetworkUpdate } from './network/network-update.ts';
export type { AdmittedMapping } from './port/port-admission.ts';
export { bindingWithin, containerPortsOf, joinBindings, singleBindings } from './port/port-binding.ts';
export type { BoundPort, PortBinding, PortMapping } from './port/port-model.ts';
export type { PluginAccess, PluginPort } from './remote/plugin-port.ts';
export { gatewayAddress, isGatewayService } from './route/gateway.ts';
export type { SandboxRequest } from './sandbox/sandbox-context.ts';
export type {
  BalancedService,
  ServiceNetwork,
  ServicePublication,
  VirtualAddress,
} from './service/service-model.ts';
export type { DefaultBridge, NetworkSettings } from './settings.ts';
export type { Claim } from './watch/claim.ts';
