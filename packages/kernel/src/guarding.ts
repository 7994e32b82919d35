/**
 * Ranges of ports held without a socket for each. A door of its own: only who holds ports loads it.
 *
 * @module
 */
export { PortGuard, PortInUseError } from './port/port-guard.ts';
export type { AddressPorts, UsedPort } from './port/port-users.ts';
