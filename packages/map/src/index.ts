/**
 * The map: what is on this machine's network as one value, and its changes as they happen. The page that draws it is behind
 * the door `./page`.
 *
 * @module
 */

export { type Observer, openObserver } from './collect/host-observer.ts';
export { LiveMap, type MapPace, type MapSources } from './live-map.ts';
export type { ForwardingRow } from './model/forwarding-table.ts';
export type { HostObservation } from './model/host-observation.ts';
export type { KernelView, ShowCommand } from './model/kernel-view.ts';
export type { FindingView, MapDelta, MapEvent, MapView, Rate, TileView } from './model/map-view.ts';
export type { Names } from './model/names.ts';
