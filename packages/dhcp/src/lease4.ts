import { isUnspecified, parseInterfaceAddress } from '@fairlead/base';
import type { Dhcp4Message } from './dhcp4-message.ts';
import { addressesIn, decodeRoutes, dhcp4Option, maskLengthIn, mtuIn, searchIn, secondsIn } from './dhcp4-option.ts';
import type { HostLease, LeaseServer, Route } from './lease.ts';

/** A time without end (RFC 2131, 3.3). */
const FOR_EVER = 0xffff_ffff;

/**
 * What a server has acknowledged; `undefined` where it says too little.
 *
 * @throws MalformedMessage for routes that are none.
 */
export function lease4(
  { options, yourAddress }: Dhcp4Message,
  server: LeaseServer,
  now: number,
): HostLease | undefined {
  const seconds = secondsIn(options, dhcp4Option.leaseTime);
  if (!seconds || isUnspecified(yourAddress)) return undefined;
  const classless = options.get(dhcp4Option.routes);
  const mtu = mtuIn(options);
  return {
    source: 'dhcpv4',
    // Without a mask nothing but the address itself is known to be on the link.
    address: parseInterfaceAddress(`${yourAddress}/${maskLengthIn(options) ?? 32}`),
    // RFC 3442: who sends both wants the routers passed over.
    ...(classless === undefined ? { ...firstRouter(options), routes: [] } : splitRoutes(decodeRoutes(classless))),
    nameServers: addressesIn(options, dhcp4Option.nameServers),
    search: searchIn(options),
    ...(mtu !== undefined && { mtu }),
    server,
    ...times(seconds, options, now),
  };
}

function firstRouter(options: Dhcp4Message['options']): Pick<HostLease, 'gateway'> {
  const gateway = addressesIn(options, dhcp4Option.routers).find((router) => !isUnspecified(router));
  return gateway === undefined ? {} : { gateway };
}

/** The default route is the host's way out, and elected among its networks; the others are of the link. */
function splitRoutes(routes: readonly Route[]): Pick<HostLease, 'gateway' | 'routes'> {
  const gateway = routes.find(({ destination, via }) => destination === '0.0.0.0/0' && via !== undefined)?.via;
  return { ...(gateway && { gateway }), routes: routes.filter(({ destination }) => destination !== '0.0.0.0/0') };
}

/** T1 and T2 are a half and seven eighths of the lease unless the server says others that make sense (RFC 2131, 4.4.5). */
function times(seconds: number, options: Dhcp4Message['options'], now: number) {
  if (seconds === FOR_EVER) return {};
  const asked = [secondsIn(options, dhcp4Option.renewalTime), secondsIn(options, dhcp4Option.rebindingTime)];
  const [renewal = seconds / 2, rebinding = (seconds * 7) / 8] = asked;
  const isOrdered = renewal > 0 && renewal <= rebinding && rebinding <= seconds;
  const [first, second] = isOrdered ? [renewal, rebinding] : [seconds / 2, (seconds * 7) / 8];
  return { renewAt: now + first * 1000, rebindAt: now + second * 1000, expiresAt: now + seconds * 1000 };
}
