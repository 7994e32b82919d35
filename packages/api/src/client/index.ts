/**
 * A client of the API for programs that must start fast: no schema library, nothing read before it is needed.
 *
 * @module
 */

export type { WireContainerSummary } from '../wire/container-summary.ts';
export type { WireImageSummary } from '../wire/image.ts';
export type { WireNetwork } from '../wire/network.ts';
export { ApiClient, type RequestOptions } from './api-client.ts';
export { splitFrames } from './split-frames.ts';
