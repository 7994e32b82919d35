/**
 * The container network model: Network, Endpoint, Sandbox, and their reconciliation with the kernel.
 *
 * @module
 */
export type {
  BoundPort,
  BridgeSettings,
  DnsConfig,
  DriverName,
  Endpoint,
  EndpointConfig,
  IpamRequest,
  Network,
  NetworkRequest,
  PortBinding,
  Sandbox,
  SubnetConfig,
} from './model.ts';
