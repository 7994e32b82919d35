import { isDeepStrictEqual } from 'node:util';
import { FairleadError, type Family, type Prefix, parsePrefix, prefixFamily, prefixLength } from '@fairlead/base';
import {
  AddressPool,
  chooseSubnet,
  isAnySubnet,
  parseIpamConfig,
  requireFreeSubnet,
  type SubnetRequest,
} from '@fairlead/ipam';
import { LAN_IPAM, requireNoPools } from '../lan/lan-network.ts';
import type { Network, SubnetConfig } from '../model.ts';
import type { IpamRequest, NetworkRequest } from './network-request.ts';
import type { NetworkSurroundings } from './network-surroundings.ts';

/** What the subnets of a network are decided from. */
export interface SubnetQuestion {
  readonly config: readonly IpamRequest[];
  readonly network: Pick<Network, 'id' | 'name' | 'ipv4' | 'ipv6'>;
  /** Whether a subnet of a family gets a gateway: always, only one that was asked for, or not even that. */
  readonly gateway: (family: Family) => 'auto' | 'asked' | 'never';
  /** Whether there may be more than one of a family. */
  readonly several: boolean;
}

/**
 * The subnets of a network, IPv4 first: those that were asked for, and one for each family without.
 *
 * @throws FairleadError in Docker's words.
 */
export function decideSubnets(question: SubnetQuestion, surroundings: NetworkSurroundings): SubnetConfig[] {
  const { config, network, several } = question;
  const asked = parseIpamConfig(config, { ipv6Enabled: network.ipv6 });
  const taken = surroundings.taken ?? [...surroundings.networks].flatMap(({ subnets }) => subnets);
  const decided: SubnetConfig[] = [];
  for (const family of [4, 6] as const) {
    if (!network[`ipv${family}`]) continue;
    const ofFamily = asked.filter(({ subnet }) => prefixFamily(subnet) === family);
    if (ofFamily.length > 1 && !several) {
      throw new FairleadError('invalid-argument', "bridge driver doesn't support multiple subnets");
    }
    for (const wanted of ofFamily.length > 0 ? ofFamily : [undefined]) {
      const subnet = subnetFor(wanted, family, [...taken, ...decided], surroundings);
      decided.push(decideSubnet(subnet, wanted, question));
    }
  }
  return decided;
}

/**
 * True for a network whose containers get their addresses from somebody else (`--ipam-driver dhcp`), or have none (`null`).
 *
 * @throws FairleadError `invalid-argument` in Docker's words when it asks for some all the same.
 */
export function hasNoPools(request: NetworkRequest): boolean {
  const { ipam } = request;
  if (ipam?.driver === LAN_IPAM) {
    requireNoPools(request);
    return true;
  }
  if (ipam?.driver !== 'null') return false;
  for (const { subnet, range } of ipam.config ?? []) {
    if (!subnet && !range) continue;
    const what = subnet ? 'pool' : 'subpool';
    throw new FairleadError('invalid-argument', `null ipam driver does not handle specific address ${what} requests`);
  }
  return true;
}

/** True when a subnet is what was asked for; what was left open may be anything. */
export function isAsAsked(subnet: SubnetConfig, asked: IpamRequest): boolean {
  const same = (wanted: string | undefined, has: string | undefined) => !wanted || wanted === has;
  return (
    same(asked.subnet && parsePrefix(asked.subnet), subnet.subnet) &&
    same(asked.gateway, subnet.gateway) &&
    (asked.range ?? '') === (subnet.range ?? '') &&
    isDeepStrictEqual(asked.auxiliary ?? {}, subnet.auxiliary ?? {})
  );
}

function decideSubnet(subnet: Prefix, asked: SubnetRequest | undefined, question: SubnetQuestion): SubnetConfig {
  const { name, id } = question.network;
  const auxiliary = asked?.auxiliary ?? new Map();
  const { range } = asked ?? {};
  const rule = question.gateway(prefixFamily(subnet));
  const wanted = rule === 'never' ? 'none' : (asked?.gateway ?? (rule === 'auto' ? 'auto' : 'none'));
  // A pool decides the gateway by the rules by which it gives every other address.
  const { gateway } = new AddressPool({ subnet, range, gateway: wanted, auxiliary, network: `${name} (${id})` });
  return {
    subnet,
    ...(range && { range }),
    ...(gateway && { gateway }),
    ...(auxiliary.size > 0 && { auxiliary: Object.fromEntries(auxiliary) }),
  };
}

function subnetFor(
  asked: SubnetRequest | undefined,
  family: Family,
  taken: readonly SubnetConfig[],
  surroundings: NetworkSurroundings,
): Prefix {
  if (asked !== undefined && !isAnySubnet(asked.subnet)) {
    requireFreeSubnet(asked, taken);
    return asked.subnet;
  }
  return chooseSubnet({
    family,
    sources: surroundings.sources,
    taken: taken.map(({ subnet }) => subnet),
    reserved: surroundings.reserved(),
    length: asked && prefixLength(asked.subnet),
  });
}
