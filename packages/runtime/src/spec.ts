/**
 * The OCI runtime spec as pure functions: what is to run, and how. A door of its own: only who starts a process needs it.
 *
 * @module
 */

export { requireCapabilities } from './spec/capabilities.ts';
export { grantRealtime, realtimeFault } from './spec/cgroup-realtime.ts';
export { containerSpec, execProcess } from './spec/container-spec.ts';
export { deviceNumbers, readHostDevice, readHostDevices } from './spec/host-devices.ts';
export { recursiveReadOnlyFault } from './spec/recursive-read-only.ts';
export { linuxResources } from './spec/resources.ts';
export { startFailureOf } from './spec/start-failure.ts';
export { resolveUser } from './spec/user.ts';
