/**
 * The process that answers names and holds ports while the daemon comes and goes. Programs start `main.ts`; this door is
 * for tests and measurements.
 *
 * @module
 */
export { ControlServer, type Dispatch } from './control-server.ts';
export { EphemeralPorts, type PortSysctls, readPortSysctls } from './ephemeral-range.ts';
export { PortReservations } from './port-reservations.ts';
export { type RelayLimits, RelayService } from './relay.ts';
export { type MethodTable, methodOf, Resolver } from './resolver.ts';
