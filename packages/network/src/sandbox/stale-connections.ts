import type { KernelPort } from '../kernel-port.ts';
import type { Endpoint } from '../model.ts';

/** What forgets connections. */
type Forgetful = Pick<KernelPort, 'forgetConnections'>;

/**
 * Datagrams that came before a port was published are tracked as the host's own, and those that were let in before as let
 * in, for as long as they keep coming.
 */
export async function forgetStrays(kernel: Forgetful, ports: readonly number[]): Promise<void> {
  for (const port of ports) await kernel.forgetConnections({ protocol: 'udp', port });
}

/** Connections of endpoints that are no more are not to go on to whoever gets their addresses. */
export async function forgetEndpoints(
  kernel: Forgetful,
  endpoints: readonly Pick<Endpoint, 'ipv4' | 'ipv6'>[],
): Promise<void> {
  for (const { ipv4, ipv6 } of endpoints) {
    for (const address of [ipv4, ipv6]) if (address) await kernel.forgetConnections({ address });
  }
}
