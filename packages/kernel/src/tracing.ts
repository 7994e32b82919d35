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
  callFunction,
  exit,
  type Item,
  jump,
  jumpAnyBit,
  jumpDifferent,
  jumpEqual,
  jumpEqual32,
  jumpSame32,
  label,
  load,
  loadMap,
  loadMapValue,
  move,
  type Register,
  set,
  shiftLeft,
  shiftRight,
  store,
  storeValue,
  type Width,
} from './program/bpf-assembler.ts';
export {
  type ControlGroupHook,
  type ControlGroupProgram,
  controlGroupOf,
  controlGroupPrograms,
  isFrozenControlGroup,
  joinControlGroup,
  wouldRefuse,
} from './program/control-group-query.ts';
export { EventRing, type RingReading } from './program/event-ring.ts';
export { NumberSet, ProgramNotes, ProgramNumber, ProgramText } from './program/program-maps.ts';
export { SocketProgram } from './program/socket-program.ts';
export {
  attachSysctlProgram,
  attachTracingProgram,
  type LoadedProgram,
  loadTracingProgram,
  runClassifier,
  type TracingProgram,
} from './program/tracing-program.ts';
export { tryConnection } from './socket/connection-trial.ts';
export { type LegacyTable, readLegacyTablesHere } from './socket/legacy-tables.ts';
export { listenToNetlink, type NetlinkListener } from './socket/netlink-listener.ts';
export { type ConnectionState, type NumberedConnection, openNumberedConnection } from './socket/numbered-connection.ts';
export { PacketRing, type PacketRingOptions, type RingPacket } from './socket/packet-ring.ts';
export { type ReservedPort, reservePort, sendRawPacket } from './socket/raw-packet.ts';
