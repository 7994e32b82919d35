/**
 * Names of containers: DNS messages, who sees which name, forwarding with a cache, serving; and the protocol by which
 * the daemon tells the resolver process about all this.
 *
 * @module
 */
export type { CacheLimits } from './cache.ts';
export { ResolverClient } from './control-client.ts';
export {
  CONTROL_VERSION,
  type ControlFailure,
  type ControlRequest,
  type ControlResponse,
  type HostPorts,
  type Nothing,
  type PortChoice,
  type PortFailure,
  type PortPick,
  type PortReservation,
  type PortTrial,
  type Relay,
  type RelaySettings,
  type ResolverContents,
  type ResolverMethod,
  type ResolverMethods,
  type SandboxPorts,
  type SandboxSettings,
  type SandboxStatistics,
  type ServerPorts,
} from './control-protocol.ts';
export { Directory, type LinkAlias, type NamedEndpoint, type NamedNetwork } from './directory.ts';
export { ownSockets, type UpstreamSockets } from './exchange.ts';
export { Forwarder, type ForwarderOptions, type ForwardTiming } from './forwarder.ts';
export { LineReader } from './line-reader.ts';
export {
  decodeMessage,
  type Edns,
  encodeMessage,
  type Message,
  type Question,
  type ResourceRecord,
} from './message.ts';
export { type NameCounters, NameServer, type NameSource } from './name-server.ts';
export { PortError } from './port-error.ts';
export type { WrittenRecord } from './record-book.ts';
export type { RecordData } from './record-data.ts';
export { classInternet, type RecordTypeName, recordType, responseCode } from './record-type.ts';
export { type StreamLimits, serveStreams } from './stream-server.ts';
export { parseUpstream, type Upstream } from './upstream.ts';
export {
  answer,
  type ServiceInstance,
  type ServicePort,
  type ZoneAnswer,
  type ZoneOptions,
  type ZoneView,
} from './zone.ts';
