/**
 * The only door to Linux: system calls, namespaces, sockets, netlink.
 *
 * @module
 */
export type { ConnectionFilter } from './change/connection-table.ts';
export { type Operation, Recorder, type RecorderObserver } from './change/recorder.ts';
export { readSysctlHere, writeSysctlHere } from './change/sysctl.ts';
export type { Feature } from './feature.ts';
export { type FeatureName, features } from './features.ts';
export { Kernel } from './kernel.ts';
export { listXattrs, makeNode, openInRoot, readXattr, writeXattr } from './mount/file-calls.ts';
export { lockFile } from './mount/file-lock.ts';
export { mountFileSystem, mountPoints, unmountFileSystem } from './mount/file-system-mount.ts';
export { mountWithIdentities, requireMappedOverlays } from './mount/identity-mount.ts';
export type { FileSystemMount } from './mount/mount-call.ts';
export { type BindMount, type LayerMount, type MountTree, openMountTree } from './mount/mount-tree.ts';
export {
  createNamespace,
  deleteNamespace,
  enterNamespace,
  listNamespaces,
  namespaceInode,
  namespacePath,
  namespacesOfProcesses,
  type ProcessNamespace,
  removeNamespaceDirectory,
} from './namespace/namespace.ts';
export { type Claimant, claimInNamespace } from './namespace/namespace-claim.ts';
export { OpenNamespace } from './namespace/open-namespace.ts';
export { type OpenUserNamespace, openOwner } from './namespace/user-namespace.ts';
export { copyPipe, makeFifo, movePipe, openPipe, type Pipe, setPipeCapacity } from './pipe/pipe.ts';
export type { NetlinkProtocol } from './socket/netlink-socket.ts';
export { openUnixDatagram, type UnixDatagram } from './socket/unix-datagram.ts';
export { errnoOf } from './system-call/errno-of.ts';
export { whenReadable } from './system-call/syscalls.ts';
export { SystemCallError } from './system-call/system-call-error.ts';
