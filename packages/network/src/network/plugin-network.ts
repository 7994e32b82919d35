import type { Network } from '../model.ts';
import { familyOptions } from '../network-option.ts';
import { networkFrame } from './network-frame.ts';
import type { NetworkRequest } from './network-request.ts';
import type { NetworkSurroundings } from './network-surroundings.ts';
import { decideSubnets, hasNoPools } from './subnet-plan.ts';

/** A network that a plugin drives. It is unfinished until the plugin has said that it has made it. */
export function pluginNetwork(driver: string, request: NetworkRequest, surroundings: NetworkSurroundings): Network {
  const frame = networkFrame(request, familyOptions(request.options ?? {}));
  const config = request.ipam?.config ?? [];
  const subnets = hasNoPools(request)
    ? []
    : decideSubnets({ config, network: frame, gateway: () => 'auto', several: true }, surroundings);
  return { ...frame, driver, subnets, remote: { unfinished: true } };
}
