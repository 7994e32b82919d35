/**
 * The only door to Linux: system calls, namespaces, sockets, netlink.
 *
 * @module
 */
export { boundPort } from './bound-port.ts';
export { type BatchHandler, type DatagramService, serveDatagramBatches } from './datagram-batch.ts';
export { prepareDescriptors } from './descriptor-table.ts';
export {
  createNamespace,
  deleteNamespace,
  enterNamespace,
  listNamespaces,
  namespaceExists,
  namespaceOfProcess,
  namespacePath,
} from './namespace.ts';
export {
  type BoundAddress,
  closeDescriptor,
  makeFifo,
  openDatagramSocket,
  openStreamSocket,
  setPipeCapacity,
} from './network-socket.ts';
export { type HeldPort, holdPort } from './port-hold.ts';
export { SystemCallError } from './system-call-error.ts';
