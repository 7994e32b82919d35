/**
 * Throw-away hosts: a machine made of namespaces with a small outside world beside it, the engine running in it, and an
 * image to run there. `fairlead demo` and the tests stand on these.
 *
 * @module
 */

export { type BusyboxImageOptions, busyboxImage } from './busybox-image.ts';
export { topControlGroups } from './control-groups.ts';
export { Daemon, type DaemonOptions } from './daemon.ts';
export { Host, type HostOptions } from './host.ts';
export { labAddresses } from './host-plan.ts';
export { childrenOf, type Finished, finish, type RunOptions, refusalOf } from './program.ts';
export type { NetworkSpace, Space } from './space.ts';
