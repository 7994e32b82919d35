/**
 * What following a packet takes: programs at tracepoints, raw packets, notifications. A door of its own: only who traces
 * loads it.
 *
 * @module
 */
export {
  add,
  addValue,
  andValue,
  assemble,
  call,
  exit,
  type Item,
  jump,
  jumpDifferent,
  jumpEqual,
  jumpEqual32,
  label,
  load,
  loadMap,
  loadMapValue,
  move,
  type Register,
  set,
  shiftRight,
  store,
  storeValue,
  type Width,
} from './bpf-assembler.ts';
export { EventRing } from './event-ring.ts';
export { type LegacyTable, readLegacyTablesHere } from './legacy-tables.ts';
export { listenToNetlink, type NetlinkListener } from './netlink-listener.ts';
export { type ConnectionState, type NumberedConnection, openNumberedConnection } from './numbered-connection.ts';
export { PacketRing, type PacketRingOptions, type RingPacket } from './packet-ring.ts';
export { type ReservedPort, reservePort, sendRawPacket } from './raw-packet.ts';
export {
  attachSysctlProgram,
  attachTracingProgram,
  NumberSet,
  ProgramText,
  runClassifier,
  type TracingProgram,
} from './tracing-program.ts';
