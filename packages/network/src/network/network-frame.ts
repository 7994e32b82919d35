import { FairleadError, newIdentifier } from '@fairlead/base';
import { announcementOptions } from '../address/announcement-plan.ts';
import type { Network } from '../model.ts';
import { dnsService, writtenRecords } from '../name/dns-options.ts';
import type { NetworkRequest } from './network-request.ts';

/**
 * What is the same for the networks of every driver.
 *
 * @param families the IP versions that options ask for, where the request itself leaves them open.
 * @throws FairleadError `invalid-argument` when there would be no IP version at all, and for options that cannot be.
 */
export function networkFrame(
  request: NetworkRequest,
  families: { readonly ipv4?: boolean; readonly ipv6?: boolean },
  id: string = newIdentifier(),
): Omit<Network, 'driver' | 'subnets'> {
  const ipv4 = request.ipv4 ?? families.ipv4 ?? true;
  const ipv6 = request.ipv6 ?? families.ipv6 ?? false;
  if (!ipv4 && !ipv6) throw new FairleadError('invalid-argument', 'IPv4 or IPv6 must be enabled');
  announcementOptions(request.options ?? {});
  dnsService(request.options ?? {});
  const records = writtenRecords(request.options ?? {});
  return {
    id,
    name: request.name,
    scope: 'local',
    created: Date.now(),
    ipv4,
    ipv6,
    internal: request.internal ?? false,
    attachable: request.attachable ?? false,
    options: storedOptions(request),
    labels: request.labels ?? {},
    ipamDriver: request.ipam?.driver || 'default',
    ipamOptions: request.ipam?.options ?? null,
    ...(records.length > 0 && { records }),
  };
}

/** Explicit fields win over the options that say the same, and take their place. */
function storedOptions({ options = {}, ipv4, ipv6 }: NetworkRequest): Readonly<Record<string, string>> {
  const overruled = new Set([
    ...(ipv4 === undefined ? [] : ['com.docker.network.enable_ipv4']),
    ...(ipv6 === undefined ? [] : ['com.docker.network.enable_ipv6']),
  ]);
  return Object.fromEntries(Object.entries(options).filter(([key]) => !overruled.has(key)));
}
