/**
 * What a host on somebody else's LAN asks for: an address, a router, name servers. DHCPv4, DHCPv6 and router discovery from
 * the client's side.
 *
 * @module
 */
export { Client4, type Phase4, type State4 } from './client4.ts';
export { Client6, type Phase6, type State6 } from './client6.ts';
export { clientIdentity } from './identity.ts';
export {
  type ClientIdentity,
  configurationOf,
  type HostConfiguration,
  type HostLease,
  isGood,
  type LeaseServer,
  type Route,
} from './lease.ts';
export { claimFilter, claimType, clientPorts, linkFilter } from './link-filter.ts';
export type { ClientManners, ClientState, Conflict, ConflictOutcome, Machine, Step } from './machine.ts';
export { release4 } from './request4.ts';
export { release6 } from './request6.ts';
export { LeaseSession, type LinkSocket, type SessionOptions } from './session.ts';
