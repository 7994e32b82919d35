import { FairleadError, type Family, prefixesOverlap, prefixFamily, shortIdentifier } from '@fairlead/base';
import { randomMac } from '../address/hardware-address.ts';
import { antispoofOption, requireGuardable } from '../endpoint/antispoof.ts';
import { bandwidthOptions } from '../endpoint/bandwidth.ts';
import { isLan, requireLanBridge } from '../lan/lan-network.ts';
import type { BridgeSettings, Network, SubnetConfig } from '../model.ts';
import { networkFrame } from '../network/network-frame.ts';
import type { NetworkRequest } from '../network/network-request.ts';
import type { NetworkSurroundings } from '../network/network-surroundings.ts';
import { decideSubnets, hasNoPools } from '../network/subnet-plan.ts';
import { type BridgeOptions, parseBridgeOptions } from './bridge-options.ts';
import { bridgePortsOption } from './segments.ts';

/** A bridge network, also the predefined one, whose name is not checked. @param id its own; absent means a fresh one. */
export function bridgeNetwork(request: NetworkRequest, surroundings: NetworkSurroundings, id?: string): Network {
  const options = parseBridgeOptions(request.options ?? {});
  const frame = networkFrame(request, options, id);
  requireInternal(request, options);
  bandwidthOptions(request.options ?? {});
  antispoofOption(request.options ?? {});
  bridgePortsOption(request.options ?? {});
  const noPools = hasNoPools(request);
  if (isLan(frame)) return lanBridge(frame, request, options, surroundings);
  // The bridge itself has to have an address, which only pools have.
  if (noPools) throw new FairleadError('invalid-argument', `ipv${frame.ipv4 ? 4 : 6} pool is empty`);
  const bridge = bridgeSettings(frame.id, options, surroundings);
  const subnets = decideSubnets(
    {
      config: request.ipam?.config ?? [],
      network: frame,
      gateway: (family) => (needsGateway(request, options, family) ? 'auto' : 'never'),
      several: false,
    },
    surroundings,
  );
  requireSeparate({ id: frame.id, bridge, subnets }, surroundings.networks);
  return { ...frame, driver: 'bridge', subnets, bridge };
}

/** A network with what the operator wants of the host's forwarding now: whether it is ours to switch on. */
export function withForwarding({ leavesForwarding: _, ...network }: Network, isOurs = true): Network {
  return { ...network, ...(!isOurs && network.bridge && { leavesForwarding: true }) };
}

/** A bridge that a LAN's interface is in: nothing of it is ours but what is plugged into it. */
function lanBridge(
  frame: ReturnType<typeof networkFrame>,
  request: NetworkRequest,
  options: BridgeOptions,
  surroundings: NetworkSurroundings,
): Network {
  const { bridgeName = '' } = options;
  requireLanBridge(request, options, surroundings.foreignLink(bridgeName));
  const bridge = bridgeSettings(frame.id, { ...options, masquerade: false }, surroundings);
  const network: Network = { ...frame, driver: 'bridge', subnets: [], bridge };
  requireGuardable(network, {});
  return network;
}

function requireInternal({ internal }: NetworkRequest, { gatewayModes: { ipv4, ipv6 } }: BridgeOptions): void {
  if (internal === true || (ipv4 !== 'isolated' && ipv6 !== 'isolated')) return;
  throw new FairleadError('invalid-argument', "gateway mode 'isolated' can only be used for an internal network");
}

/** An internal network whose bridge has no address needs none that is kept for it. */
function needsGateway({ internal }: NetworkRequest, options: BridgeOptions, family: Family): boolean {
  if (options.gatewayModes[`ipv${family}`] === 'isolated') return false;
  return !(family === 4 && options.inhibitIpv4 && internal === true);
}

function bridgeSettings(id: string, options: BridgeOptions, surroundings: NetworkSurroundings): BridgeSettings {
  const name = options.bridgeName ?? `br-${shortIdentifier(id)}`;
  for (const other of surroundings.networks) {
    if (other.bridge?.name === name) throw conflict({ id, name }, other, 'networks have same bridge name');
  }
  const foreign = options.bridgeName === undefined ? undefined : surroundings.foreignLink(name);
  if (foreign === 'other') throw new FairleadError('internal', `existing interface ${name} is not a bridge`);
  return {
    name,
    mac: randomMac(),
    mtu: options.mtu ?? surroundings.mtu,
    masquerade: options.masquerade,
    adopted: foreign === 'bridge',
    interfacePrefix: options.interfacePrefix,
    ...(options.hostBinding && { hostBinding: options.hostBinding }),
    ...(options.hostBindings && { hostBindings: options.hostBindings }),
    ...(hasAny(options.gatewayModes) && { gatewayModes: options.gatewayModes }),
    ...(hasAny(options.sources) && { sources: options.sources }),
    ...(options.trustedInterfaces.length > 0 && { trustedInterfaces: options.trustedInterfaces }),
    ...(!options.icc && { icc: false }),
    ...(options.inhibitIpv4 && { inhibitIpv4: true }),
    ...(options.portPolicy && { portPolicy: options.portPolicy }),
  };
}

/** Two bridges on one subnet cannot both be reached, whatever parts of it they give addresses from. */
function requireSeparate(
  network: { readonly id: string; readonly bridge: BridgeSettings; readonly subnets: readonly SubnetConfig[] },
  others: Iterable<Network>,
): void {
  const { id, bridge } = network;
  for (const other of others) {
    if (other.bridge === undefined) continue;
    for (const { subnet } of network.subnets) {
      if (!other.subnets.some((taken) => prefixesOverlap(taken.subnet, subnet))) continue;
      throw conflict({ id, name: bridge.name }, other, `networks have overlapping IPv${prefixFamily(subnet)}`);
    }
  }
}

function conflict(
  network: { readonly id: string; readonly name: string },
  other: Network,
  reason: string,
): FairleadError {
  const [wanted, present] = [`${network.id} (${network.name})`, `${other.id} (${other.bridge?.name ?? ''})`];
  return new FairleadError(
    'forbidden',
    `cannot create network ${wanted}: conflicts with network ${present}: ${reason}`,
  );
}

function hasAny(values: object): boolean {
  return Object.keys(values).length > 0;
}
