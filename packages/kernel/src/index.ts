/**
 * The only door to Linux: system calls, namespaces, sockets, netlink.
 *
 * @module
 */
export { ApplyError } from './apply-error.ts';
export { boundPort } from './bound-port.ts';
export type { ConnectionFilter } from './connection-table.ts';
export { type BatchHandler, type DatagramService, serveDatagramBatches } from './datagram-batch.ts';
export { type DatagramFlow, openDatagramFlow } from './datagram-flow.ts';
export { type InterceptedHandler, interceptDatagrams, sendDatagramFrom } from './datagram-interception.ts';
export { prepareDescriptors } from './descriptor-table.ts';
export { errnoOf } from './errno-of.ts';
export { defineFeature, type Feature } from './feature.ts';
export { type FeatureName, features } from './features.ts';
export { listXattrs, makeNode, openInRoot, readXattr, writeXattr } from './file-calls.ts';
export { mountFileSystem, mountPoints, unmountFileSystem } from './file-system-mount.ts';
export { mountWithIdentities, requireMappedOverlays } from './identity-mount.ts';
export { Kernel } from './kernel.ts';
export type { FileSystemMount } from './mount-call.ts';
export { type BindMount, type LayerMount, type MountTree, openMountTree } from './mount-tree.ts';
export {
  createNamespace,
  deleteNamespace,
  enterNamespace,
  listNamespaces,
  namespaceExists,
  namespaceInode,
  namespaceOfProcess,
  namespacePath,
  namespacesOfProcesses,
  type ProcessNamespace,
} from './namespace.ts';
export { type NetlinkProtocol, NetlinkSocket } from './netlink-socket.ts';
export {
  type BoundAddress,
  closeDescriptor,
  makeFifo,
  openDatagramSocket,
  openStreamSocket,
  setPipeCapacity,
} from './network-socket.ts';
export { OpenNamespace } from './open-namespace.ts';
export { type HeldPort, holdPort } from './port-hold.ts';
export { type Operation, Recorder, type RecorderObserver } from './recorder.ts';
export { readSocketAddress, socketAddressOf } from './socket-address.ts';
export { readSysctlHere, writeSysctlHere } from './sysctl.ts';
export { SystemCallError } from './system-call-error.ts';
export { openUnixDatagram, type UnixDatagram } from './unix-datagram.ts';
export { type OpenUserNamespace, openOwner } from './user-namespace.ts';
