/**
 * What a BuildKit of this machine needs of the engine. A door of its own, for an engine that starts needs none of it.
 *
 * @module
 */
export { hostAppArmor } from '../container/apparmor.ts';
export { hostGateways } from '../container/container-files.ts';
export { BuildStepNetworks } from './step-networks.ts';
