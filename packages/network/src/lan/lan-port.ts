import type { LinkSocket } from '@fairlead/dhcp';

/** How the links of containers are spoken on below their addresses; `@fairlead/kernel/raw-link` has the real one. */
export interface LanPort {
  /** Get the frames that a client of DHCP may be meant with. @throws what the kernel says when there is no such link. */
  open(namespace: string, link: string, onFrame: (frame: Uint8Array) => void): LinkSocket;
  /** Send frames out of an interface of the host. @throws what the kernel says. */
  send(link: string, frames: readonly Uint8Array[]): void;
}

/** What the network model needs to have containers on LANs; loaded with the first one. */
export type LanAccess = () => Promise<LanPort>;
