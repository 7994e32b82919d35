import type { IpAddress } from '@fairlead/base';
import type { Lease } from '../model.ts';

/** Whom a network's addresses are shared with, beside those that they are given to here. */
export interface Company {
  /**
   * Addresses that only who asks for them by value gets: the host's own, on a wire that it is on as well, and what somebody
   * on the same bridge has had lately.
   */
  readonly kept?: ReadonlySet<IpAddress>;
  /** Addresses that nobody gets: others use them on the same bridge. */
  readonly guests?: ReadonlySet<IpAddress>;
  /** Somebody else gives addresses of the network as well, and begins with the lowest. */
  readonly fromEnd?: boolean;
}

/** True when a container may have an address. @param isAskedFor by value. */
export function isGivenTo(address: IpAddress, isAskedFor: boolean, { kept, guests }: Company): boolean {
  return guests?.has(address) !== true && (isAskedFor || kept?.has(address) !== true);
}

/** True when somebody else uses by now what a container had. */
export function isElsewhere({ ipv4, ipv6 }: Lease, { guests }: Company): boolean {
  return [ipv4, ipv6].some((address) => address !== undefined && guests?.has(address) === true);
}
