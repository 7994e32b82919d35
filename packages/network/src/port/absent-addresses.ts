import { addressOf, type IpAddress, isLoopback, isUnspecified, type Logger } from '@fairlead/base';
import type { KernelPort } from '../kernel-port.ts';
import type { PortMapping } from './port-model.ts';

/** Ports of addresses that the host does not have wait for them: right for a VPN, and a surprise for a misprint. */
export function noteAbsentAddresses(
  kernel: Pick<KernelPort, 'observe'>,
  logger: Logger,
  mappings: readonly PortMapping[],
): void {
  const wanted = new Set(mappings.map(({ hostAddress }) => hostAddress).filter((address) => isOwnable(address)));
  if (wanted.size === 0) return;
  for (const address of addressesOfHost(kernel)) wanted.delete(address);
  for (const address of wanted) logger.warn('published ports wait for their host address', { address });
}

/** The addresses that the host has, of all its interfaces. */
export function addressesOfHost(kernel: Pick<KernelPort, 'observe'>): IpAddress[] {
  return kernel
    .observe('', ['address'])
    .flatMap((object) => (object.kind === 'address' ? [addressOf(object.address)] : []));
}

/** One of an interface, unlike the wildcards, and unlike loopback, which is all there. */
function isOwnable(address: IpAddress): boolean {
  return !isUnspecified(address) && !isLoopback(address);
}
