import { isDeepStrictEqual } from 'node:util';
import { bridgeNetwork } from '../bridge/bridge-network.ts';
import { BINDING_OPTION } from '../bridge/bridge-options.ts';
import type { Network } from '../model.ts';
import type { DefaultBridge, NetworkSettings } from '../settings.ts';
import { type HostContext, hostSurroundings, ownLinks, subnetsOfForeign } from './host-surroundings.ts';
import { isAsAsked } from './subnet-plan.ts';

/**
 * The default bridge as the operator wants it.
 *
 * @param id of the one before: the network keeps its identity when its settings change, unlike Docker's.
 */
export function defaultBridgeNetwork(context: HostContext, wanted: DefaultBridge, id: string | undefined): Network {
  const { kernel, settings } = context;
  const options = defaultOptions(wanted, settings);
  const config = wanted.config.length > 0 ? wanted.config : subnetsOfForeign(kernel, wanted.bridge);
  const request = { name: 'bridge', ipv6: wanted.ipv6, options, ipam: { config } };
  const network = bridgeNetwork(request, hostSurroundings(context, ownLinks(context)));
  return { ...network, id: id ?? network.id };
}

/** True when the default bridge is not what the operator wants any more. */
export function isOutOfDate(bridge: Network, settings: NetworkSettings): boolean {
  const wanted = settings.defaultBridge;
  if (wanted === undefined || bridge.ipv6 !== wanted.ipv6) return true;
  if (!isDeepStrictEqual(bridge.options, defaultOptions(wanted, settings))) return true;
  return wanted.config.some((asked) => !bridge.subnets.some((subnet) => isAsAsked(subnet, asked)));
}

function defaultOptions(wanted: DefaultBridge, { mtu }: NetworkSettings): Readonly<Record<string, string>> {
  const { hostBindings = ['0.0.0.0'] } = wanted;
  return {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': String(wanted.icc ?? true),
    'com.docker.network.bridge.enable_ip_masquerade': String(wanted.masquerade),
    'com.docker.network.bridge.host_binding_ipv4': hostBindings[0] ?? '',
    'com.docker.network.bridge.name': wanted.bridge,
    'com.docker.network.driver.mtu': String(mtu),
    ...(hostBindings.length > 1 && { [BINDING_OPTION]: hostBindings.join() }),
  };
}
