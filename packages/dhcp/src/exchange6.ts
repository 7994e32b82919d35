import { addressOf } from '@fairlead/base';
import { dhcp6Type } from './dhcp6-message.ts';
import type { HostLease, LeaseServer } from './lease.ts';
import type { Request6 } from './request6.ts';
import { type Timing6, timing6 } from './retransmission.ts';

/** An exchange of RFC 8415, 18.2, by its first message. */
export type Exchange = 'informing' | 'soliciting' | 'requesting' | 'renewing' | 'rebinding' | 'declining';

/** Whom and what an exchange is about. */
export interface ExchangeSubject {
  readonly lease?: HostLease;
  /** The server whose offer is taken. */
  readonly offer?: LeaseServer;
  /** What is given back. */
  readonly candidate?: HostLease;
}

/** What is said in an exchange, to whom, and when it is said again. */
export function exchange6(
  exchange: Exchange,
  { lease, offer, candidate }: ExchangeSubject,
): { readonly request: Request6; readonly timing: Timing6 } {
  const { type, timing } = kinds[exchange];
  const meant = exchange === 'declining' ? candidate : lease;
  const address = meant?.source === 'dhcpv6' && { address: addressOf(meant.address) };
  const isForOne = exchange === 'renewing' || exchange === 'declining';
  const server = exchange === 'requesting' ? offer?.identifier : isForOne && meant?.server?.identifier;
  return { request: { type, ...address, ...(server && { server }) }, timing };
}

const kinds = {
  informing: { type: dhcp6Type.inform, timing: timing6.inform },
  soliciting: { type: dhcp6Type.solicit, timing: timing6.solicit },
  requesting: { type: dhcp6Type.request, timing: timing6.request },
  renewing: { type: dhcp6Type.renew, timing: timing6.renew },
  rebinding: { type: dhcp6Type.rebind, timing: timing6.rebind },
  declining: { type: dhcp6Type.decline, timing: timing6.decline },
} as const;
