import { FairleadError, LEAST_MTU6 } from '@fairlead/base';
import type { Network } from '../model.ts';

/** @throws FairleadError `invalid-argument` for a network that is to have IPv6, and packets too small for it. */
export function requireWidth({ ipv6, bridge, parent }: Pick<Network, 'ipv6' | 'bridge' | 'parent'>): void {
  const mtu = bridge?.mtu ?? parent?.mtu;
  if (!ipv6 || mtu === undefined || mtu >= LEAST_MTU6) return;
  throw new FairleadError('invalid-argument', `invalid MTU number: ${mtu}: IPv6 needs ${LEAST_MTU6} at least`);
}
