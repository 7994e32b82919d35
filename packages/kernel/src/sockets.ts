/**
 * Sockets in namespaces, for who serves and holds ports there. A door of its own: such a process lives long, and needs
 * nothing else of the kernel.
 *
 * @module
 */
export { enterNamespace } from './namespace/namespace.ts';
export { boundPort } from './port/bound-port.ts';
export { type HeldPort, holdPort } from './port/port-hold.ts';
export { type BatchHandler, type DatagramService, serveDatagramBatches } from './socket/datagram-batch.ts';
export { type DatagramFlow, openDatagramFlow } from './socket/datagram-flow.ts';
export { type InterceptedHandler, interceptDatagrams, sendDatagramFrom } from './socket/datagram-interception.ts';
export { type BoundAddress, closeDescriptor, openDatagramSocket, openStreamSocket } from './socket/network-socket.ts';
export { readSocketAddress } from './socket/socket-address.ts';
export { prepareDescriptors } from './system-call/descriptor-table.ts';
export { SystemCallError } from './system-call/system-call-error.ts';
