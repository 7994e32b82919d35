/**
 * BuildKit behind the engine's address: the protocol of `docker buildx`.
 *
 * @module
 */
export { BuildKit } from './build-kit.ts';
