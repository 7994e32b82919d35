/**
 * Which sockets there are, and the connection over which the kernel is asked. A door of its own: who holds ports needs
 * nothing else of netlink.
 *
 * @module
 */
export { NetlinkConnection } from './connection.ts';
export {
  decodeSocket,
  dumpSocketsMessage,
  dumpTcpSocketsMessage,
  type SocketDetails,
  type SocketState,
} from './socket-diagnosis.ts';
