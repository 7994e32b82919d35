import { compareText, type Family, type IpAddress, prefixContains, prefixFamily } from '@fairlead/base';
import type { GatewayMode } from '@fairlead/firewall';
import { isLan } from '../lan/lan-network.ts';
import type { Endpoint, Network, SubnetConfig } from '../model.ts';
import type { RemoteEndpoint } from '../remote/remote-model.ts';

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

/** A way out of a sandbox: by a router, or by the link alone where that is enough. */
export interface WayOut {
  readonly via?: IpAddress;
}

/** Names of auxiliary addresses that are routers instead of the bridge itself; `--default-gateway` makes them. */
const ROUTERS: Readonly<Record<Family, string>> = { 4: 'DefaultGatewayIPv4', 6: 'DefaultGatewayIPv6' };

/** Network by which containers get out that are on networks of plugins alone; made when the first one needs it. */
export const GATEWAY_NETWORK = 'docker_gwbridge';

const DEFAULT_ROUTES: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

/**
 * True when a sandbox has no way out although a plugin's network leads out: Docker gives it one by a bridge of the
 * engine's own, unless the plugin has forbidden it.
 */
export function needsGatewayService(joined: readonly Joined[]): boolean {
  const others = joined.filter((item) => !isGatewayService(item));
  if (others.some((item) => gatewayFamilies(item) > 0)) return false;
  return others.some(
    ({ network, endpoint }) => network.remote !== undefined && !network.internal && !endpoint.remote?.noGatewayService,
  );
}

/** True for the endpoint that the engine has added by itself. */
export function isGatewayService({ network }: Pick<Joined, 'network'>): boolean {
  return network.name === GATEWAY_NETWORK;
}

/**
 * The endpoints in order of precedence for gateways and for name look-ups: higher priority, then what was asked for
 * before {@link GATEWAY_NETWORK}, then networks that lead out before internal ones, then those with gateways of both
 * families, then by network name.
 */
export function byPrecedence(joined: readonly Joined[]): Joined[] {
  return [...joined].sort(
    (a, b) =>
      (b.endpoint.config.gatewayPriority ?? 0) - (a.endpoint.config.gatewayPriority ?? 0) ||
      Number(isGatewayService(a)) - Number(isGatewayService(b)) ||
      Number(a.network.internal) - Number(b.network.internal) ||
      gatewayFamilies(b) - gatewayFamilies(a) ||
      compareText(a.network.name, b.network.name),
  );
}

/** The first endpoint with a gateway of each family; the two may differ. */
export function electGateways(joined: readonly Joined[]): Election {
  const ordered = byPrecedence(joined);
  const ipv4 = ordered.find((item) => wayOutOf(item, 4) !== undefined);
  const ipv6 = ordered.find((item) => wayOutOf(item, 6) !== undefined);
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

/** What of an election ports can be published behind: the host sees what goes over a bridge, and nothing else. */
export function portGateways({ ipv4, ipv6 }: Election): Election {
  return { ...(isOverBridge(ipv4) && { ipv4 }), ...(isOverBridge(ipv6) && { ipv6 }) };
}

/** Not so a bridge that a LAN's interface is in: what goes over that goes past the host. */
function isOverBridge(joined: Joined | undefined): joined is Joined {
  return joined?.network.bridge !== undefined && !isLan(joined.network);
}

/** True when a sandbox leads out, but nowhere where its ports could be published, by us or by a plugin. */
export function isOffHost(joined: readonly Joined[]): boolean {
  const election = electGateways(joined);
  if (election.ipv4?.network.remote ?? election.ipv6?.network.remote) return false;
  const count = (gateways: Election) => Object.keys(gateways).length;
  return count(election) > 0 && count(portGateways(election)) === 0;
}

/** The way out of one family behind an endpoint; internal networks have none. */
export function wayOutOf({ endpoint, network }: Joined, family: Family): WayOut | undefined {
  const address = addressIn(endpoint, family);
  if (network.internal || address === undefined) return undefined;
  if (network.remote !== undefined) return remoteWayOut(endpoint, family);
  if (isRoutedByParent(network)) return {};
  if (isLan(network)) return lanWayOut(endpoint, family);
  const subnet = subnetOf(network, address);
  const router = network.bridge && subnet?.auxiliary?.[ROUTERS[family]];
  const via = router ?? subnet?.gateway;
  return via && { via };
}

function lanWayOut({ lan }: Endpoint, family: Family): WayOut | undefined {
  const via = lan?.[`ipv${family}`]?.gateway;
  return via && { via };
}

/** A plugin names a router, or routes everything by itself. */
function remoteWayOut({ remote }: Endpoint, family: Family): WayOut | undefined {
  const via = family === 4 ? remote?.gateway : remote?.gateway6;
  if (via !== undefined) return { via };
  const route = remote?.routes?.find(({ destination }) => destination === DEFAULT_ROUTES[family]);
  return route && (route.via === undefined ? {} : { via: route.via });
}

/** Routes that a plugin wants beside the default ones, which are elected. */
export function remoteRoutes({ remote }: Endpoint): NonNullable<RemoteEndpoint['routes']> {
  const isDefault = (destination: string) => Object.values(DEFAULT_ROUTES).includes(destination);
  return (remote?.routes ?? []).filter(({ destination }) => !isDefault(destination));
}

/** In the layer 3 modes of ipvlan the host's routes decide about every packet, and containers need no router. */
function isRoutedByParent({ parent }: Network): boolean {
  return parent?.type.kind === 'ipvlan' && parent.type.mode !== 'l2';
}

/** The gateway address of a network, internal or not. */
export function gatewayAddress(network: Network, family: Family): IpAddress | undefined {
  return network.subnets.find(({ subnet }) => prefixFamily(subnet) === family)?.gateway;
}

/** The subnet of a network that an address is of. */
export function subnetOf(network: Network, address: IpAddress): SubnetConfig | undefined {
  return network.subnets.find(({ subnet }) => prefixContains(subnet, address));
}

/** How the containers of a network are reached in one family. */
export function gatewayModeOf(network: Network, family: Family): GatewayMode {
  return network.bridge?.gatewayModes?.[`ipv${family}`] ?? 'nat';
}

/** How many IP versions an endpoint has a way out for. */
export function gatewayFamilies(item: Joined): 0 | 1 | 2 {
  if (wayOutOf(item, 4) === undefined) return wayOutOf(item, 6) === undefined ? 0 : 1;
  return wayOutOf(item, 6) === undefined ? 1 : 2;
}

/** The address of an endpoint in one family. */
export function addressIn(endpoint: Pick<Endpoint, 'ipv4' | 'ipv6'>, family: Family): IpAddress | undefined {
  return family === 4 ? endpoint.ipv4 : endpoint.ipv6;
}
