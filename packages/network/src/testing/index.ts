/**
 * A fake for tests of the network model and of what stands on it.
 *
 * @module
 */
export { FakeNameService, type PortHold } from './fake-name-service.ts';
export { endpoint, network } from './samples.ts';
