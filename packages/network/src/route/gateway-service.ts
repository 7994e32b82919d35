import type { Networks } from '../network/networks.ts';
import type { Sandboxes } from '../sandbox/sandboxes.ts';
import type { NetworkState } from '../state.ts';
import { isGatewayService, needsGatewayService } from './gateway.ts';

/** What {@link settleGatewayService} works with. */
export interface GatewayServiceParts {
  readonly state: NetworkState;
  readonly networks: Pick<Networks, 'gatewayNetwork'>;
  readonly sandboxes: Pick<Sandboxes, 'join' | 'leave'>;
}

/**
 * A container that only plugins' networks lead out of gets a way out by a bridge of ours, for as long as that is so. To be
 * called in the turn of its sandbox.
 *
 * @throws FairleadError when that network cannot be had, or joined.
 */
export async function settleGatewayService(
  { state, networks, sandboxes }: GatewayServiceParts,
  id: string,
): Promise<void> {
  const joined = state.joined(id);
  const present = joined.find(isGatewayService);
  const isNeeded = needsGatewayService(joined);
  if (present !== undefined && !isNeeded) await sandboxes.leave(present.endpoint.id);
  if (present !== undefined || !isNeeded) return;
  const network = await networks.gatewayNetwork();
  const hostname = joined[0]?.endpoint.hostname ?? '';
  await sandboxes.join(id, [{ network, hostname, config: {} }]);
}
