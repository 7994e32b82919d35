/**
 * An engine in memory for tests of clients and of the API itself.
 *
 * @module
 */
export { FakeContainers } from './fake-containers.ts';
export { FakeEngine } from './fake-engine.ts';
export { FakeImages } from './fake-images.ts';
export { FakeNetworks } from './fake-networks.ts';
export { FakeProcess } from './fake-process.ts';
export { FakeVolumes } from './fake-volumes.ts';
export { type ServedFake, serveFake } from './serve-fake.ts';
