/**
 * What a BuildKit of this machine needs of the engine. A door of its own, for an engine that starts needs none of it.
 *
 * @module
 */

export { hostGateways } from '../container/file/container-files.ts';
export { hostAppArmor } from '../container/isolation/apparmor.ts';
export { BuildStepNetworks } from './step-networks.ts';
