import type { IpAddress, MacAddress } from '@fairlead/base';
import type { LinkSocket } from '@fairlead/dhcp';

/** How the links of containers are spoken on below their addresses; `@fairlead/kernel/raw-link` has the real one. */
export interface LanPort {
  /** Get the frames that a client of DHCP may be meant with. @throws what the kernel says when there is no such link. */
  open(namespace: string, link: string, onFrame: (frame: Uint8Array) => void): LinkSocket;
  /**
   * Get the frames by which somebody else says that he uses an address.
   *
   * @throws what the kernel says when there is no such link.
   */
  watch(namespace: string, link: string, used: UsedAddress, onFrame: (frame: Uint8Array) => void): Disposable;
  /** Send frames out of an interface of the host. @throws what the kernel says. */
  send(link: string, frames: readonly Uint8Array[]): void;
}

/** An address and whose it is. */
export interface UsedAddress {
  readonly address: IpAddress;
  readonly mac: MacAddress;
}

/** What the network model needs to have containers on LANs; loaded with the first one. */
export type LanAccess = () => Promise<LanPort>;
