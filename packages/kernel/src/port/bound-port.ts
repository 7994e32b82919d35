import { getsockname } from '../system-call/syscalls.ts';

/** The port that a socket of either family is bound to: what the kernel chose when it was asked for port 0. */
export function boundPort(descriptor: number): number {
  const address = new Uint8Array(28);
  getsockname(descriptor, address, Uint8Array.of(address.length, 0, 0, 0));
  return ((address[2] ?? 0) << 8) | (address[3] ?? 0);
}
