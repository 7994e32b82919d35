import { type Family, type IpAddress, prefixFamily } from '@fairlead/base';
import type { GatewayMode } from '@fairlead/firewall';
import type { Endpoint, Network } from './model.ts';

/** An endpoint together with its network. */
export interface Joined {
  readonly endpoint: Endpoint;
  readonly network: Network;
}

/** Which endpoints the default routes and the published ports of a sandbox go by. */
export interface Election {
  readonly ipv4?: Joined;
  readonly ipv6?: Joined;
}

/** Names of auxiliary addresses that are routers instead of the bridge itself; `--default-gateway` makes them. */
const ROUTERS: Readonly<Record<Family, string>> = { 4: 'DefaultGatewayIPv4', 6: 'DefaultGatewayIPv6' };

/**
 * The endpoints in order of precedence for gateways and for name look-ups: higher priority, then networks that lead
 * out before internal ones, then those with gateways of both families, then by network name.
 */
export function byPrecedence(joined: readonly Joined[]): Joined[] {
  return [...joined].sort(
    (a, b) =>
      (b.endpoint.config.gatewayPriority ?? 0) - (a.endpoint.config.gatewayPriority ?? 0) ||
      Number(a.network.internal) - Number(b.network.internal) ||
      gatewayFamilies(b) - gatewayFamilies(a) ||
      compareText(a.network.name, b.network.name),
  );
}

/** The first endpoint with a gateway of each family; the two may differ. */
export function electGateways(joined: readonly Joined[]): Election {
  const ordered = byPrecedence(joined);
  const ipv4 = ordered.find((item) => gatewayOf(item, 4) !== undefined);
  const ipv6 = ordered.find((item) => gatewayOf(item, 6) !== undefined);
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

/** The router of one family behind an endpoint; internal networks have none. */
export function gatewayOf({ endpoint, network }: Joined, family: Family): IpAddress | undefined {
  if (network.internal || network.bridge === undefined) return undefined;
  if (addressIn(endpoint, family) === undefined) return undefined;
  const router = subnetIn(network, family)?.auxiliary?.[ROUTERS[family]];
  return router ?? gatewayAddress(network, family);
}

/** The gateway address of a network, internal or not. */
export function gatewayAddress(network: Network, family: Family): IpAddress | undefined {
  return subnetIn(network, family)?.gateway;
}

/** How the containers of a network are reached in one family. */
export function gatewayModeOf(network: Network, family: Family): GatewayMode {
  return network.bridge?.gatewayModes?.[`ipv${family}`] ?? 'nat';
}

/** How many IP versions an endpoint has a way out for. */
export function gatewayFamilies(item: Joined): 0 | 1 | 2 {
  if (gatewayOf(item, 4) === undefined) return gatewayOf(item, 6) === undefined ? 0 : 1;
  return gatewayOf(item, 6) === undefined ? 1 : 2;
}

/** The address of an endpoint in one family. */
export function addressIn(endpoint: Pick<Endpoint, 'ipv4' | 'ipv6'>, family: Family): IpAddress | undefined {
  return family === 4 ? endpoint.ipv4 : endpoint.ipv6;
}

function subnetIn(network: Network, family: Family): Network['subnets'][number] | undefined {
  return network.subnets.find(({ subnet }) => prefixFamily(subnet) === family);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
