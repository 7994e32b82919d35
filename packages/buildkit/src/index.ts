/**
 * BuildKit behind the engine's address: an installed buildkitd, and what `docker buildx` says to it.
 *
 * @module
 */
export type { BuildCacheChoice, BuildCacheRecord } from './build-cache.ts';
export { BuildKit, type BuildKitOptions } from './build-kit.ts';
export { endBuildkitd } from './buildkitd.ts';
export type { BuildkitdSettings } from './buildkitd-config.ts';
export type { RequestedBuild } from './requested-build.ts';
export type { BuildReport } from './solve.ts';
export type { BuiltImage } from './solve-exchange.ts';
export type { StepInterface, StepNetworkPort } from './step-networks.ts';
