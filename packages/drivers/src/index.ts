/**
 * Network drivers: pure functions from what a network or an endpoint is to the kernel objects that make it so.
 *
 * @module
 */
export type { Bandwidth } from './bandwidth.ts';
export { type BridgeEndpoint, bridgeEndpointObjects } from './bridge-endpoint.ts';
export { type BridgeNetwork, bridgeNetworkObjects } from './bridge-network.ts';
export { type BridgeSegment, bridgeSegmentObjects, type SegmentNames, segmentNames } from './bridge-segment.ts';
export { defaultRoutes, type Gateway } from './default-routes.ts';
export { type HostLink, type HostLinkPlace, hostLinkObjects, hostRouteObjects } from './host-link.ts';
export { type MovedEndpoint, movedEndpointObjects } from './moved-endpoint.ts';
export { isOwnAlias } from './owner.ts';
export { type ChildType, type ParentEndpoint, parentEndpointObjects } from './parent-endpoint.ts';
export { type MadeParent, parentNetworkObjects } from './parent-network.ts';
export { sysctlName } from './sysctl-name.ts';
