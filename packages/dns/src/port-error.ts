import { FairleadError, hostText } from '@fairlead/base';
import type { PortFailure } from './control-protocol.ts';

/** Go's words for the reasons, which users and tools search for. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
};

/** A port of the host that could not be held, in Docker's words (moby, libnetwork/portallocator and portmapper). */
export class PortError extends FairleadError {
  readonly port: PortFailure;

  constructor(port: PortFailure) {
    super(port.errno === 'EADDRINUSE' ? 'conflict' : 'internal', messageFor(port));
    this.port = port;
  }
}

function messageFor({ errno, protocol, address, port, heldBy }: PortFailure): string {
  const where = `${hostText(address)}:${port}`;
  if (heldBy !== undefined) return `Bind for ${where} failed: port is already allocated`;
  return `failed to bind host port ${where}/${protocol}: ${reasons[errno] ?? errno}`;
}
