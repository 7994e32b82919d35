import { FairleadError, shortIdentifier } from '@fairlead/base';
import type { MadeParent } from '@fairlead/drivers';
import { randomMac } from '../address/hardware-address.ts';
import { requireGuardable } from '../endpoint/antispoof.ts';
import { bandwidthOf, requireLimitable } from '../endpoint/bandwidth.ts';
import type { LinkKind } from '../kernel-port.ts';
import { isLan, requireLanParent } from '../lan/lan-network.ts';
import type { Network, ParentSettings } from '../model.ts';
import { networkFrame } from '../network/network-frame.ts';
import type { NetworkRequest } from '../network/network-request.ts';
import type { NetworkSurroundings } from '../network/network-surroundings.ts';
import { decideSubnets, hasNoPools } from '../network/subnet-plan.ts';
import { isInterfaceName } from '../network-option.ts';
import { hostLink } from './host-access.ts';
import { type ParentDriver, type ParentOptions, parseParentOptions } from './parent-options.ts';

/** What the parts of Linux are called that make the links. */
const modules: Readonly<Record<LinkKind, string>> = {
  macvlan: 'macvlan',
  ipvlan: 'ipvlan',
  vlan: '8021q',
  dummy: 'dummy',
};

/** A macvlan or ipvlan network. One without a parent leads nowhere, and is an internal one. */
export function parentNetwork(
  driver: ParentDriver,
  request: NetworkRequest,
  surroundings: NetworkSurroundings,
): Network {
  const options = parseParentOptions(driver, request.options ?? {});
  requireKind(driver, surroundings);
  const frame = networkFrame(request, options);
  if (isLan(frame)) requireLanParent(options);
  const parent = parentSettings(frame.id, options, surroundings);
  const config = request.ipam?.config ?? [];
  // The router is somebody else's, so nobody but the user can say which address it has.
  const subnets = hasNoPools(request)
    ? []
    : decideSubnets({ config, network: frame, gateway: () => 'asked', several: true }, surroundings);
  const network: Network = {
    ...frame,
    driver,
    internal: frame.internal || options.parent === undefined,
    subnets,
    parent,
  };
  requireLimitable(network, bandwidthOf(network, {}));
  requireGuardable(network, {});
  const host = hostLink(network, parent);
  return host === undefined ? network : { ...network, parent: { ...parent, host } };
}

function parentSettings(id: string, options: ParentOptions, surroundings: NetworkSurroundings): ParentSettings {
  const { type, interfacePrefix, mtu } = options;
  const name = options.parent ?? dummyName({ id, kind: type.kind });
  const made =
    options.parent === undefined ? dummy(id, name, type, surroundings) : madeParent(id, name, type, surroundings);
  return { name, type, interfacePrefix, ...(made && { made }), ...(mtu && { mtu }) };
}

function dummyName({ id, kind }: { readonly id: string; readonly kind: ParentDriver }): string {
  return `${kind === 'macvlan' ? 'dm' : 'di'}-${shortIdentifier(id)}`;
}

function dummy(id: string, name: string, type: ParentSettings['type'], surroundings: NetworkSurroundings): MadeParent {
  requireKind('dummy', surroundings);
  // In mode passthru a container's hardware address becomes that of its parent.
  const link = type.mode === 'passthru' ? { kind: 'dummy' as const } : { kind: 'dummy' as const, mac: randomMac() };
  return { name, owner: id, link };
}

/** A parent that is there is used as it is; a VLAN that is not is made, and one that we made may be shared. */
function madeParent(
  id: string,
  name: string,
  type: ParentSettings['type'],
  surroundings: NetworkSurroundings,
): MadeParent | undefined {
  const users = [...surroundings.networks].filter(({ parent }) => parent?.name === name);
  for (const user of users) requireShareable(name, type, user);
  const [user] = users;
  if (user?.parent?.made) return user.parent.made;
  if (surroundings.hasLink(name)) return undefined;
  const link = vlanNamed(name, surroundings);
  requireKind('vlan', surroundings);
  return { name, owner: id, link };
}

/** The kernel gives an interface to either macvlan or ipvlan, and to a single link of mode passthru. */
function requireShareable(name: string, wanted: ParentSettings['type'], { id, parent }: Network): void {
  if (parent === undefined) return;
  const { type } = parent;
  if (wanted.kind === 'ipvlan' || type.kind === 'ipvlan') {
    const user = dummyName({ id, kind: type.kind });
    throw new FairleadError('forbidden', `network ${user} is already using parent interface ${name}`);
  }
  const user = `macvlan network ${shortIdentifier(id)} is already using parent interface ${name}`;
  if (wanted.mode === 'passthru') throw new FairleadError('forbidden', `cannot use mode passthru, ${user}`);
  if (type.mode === 'passthru') throw new FairleadError('forbidden', `${user} in mode passthru`);
}

/**
 * What a name like `eth0.50` stands for.
 *
 * @throws FairleadError `invalid-argument` in Docker's words for every other.
 */
function vlanNamed(name: string, { hasLink }: NetworkSurroundings): MadeParent['link'] {
  if (!name.includes('.') || !isInterfaceName(name)) {
    throw invalid(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  }
  const [parent = '', number = '', ...more] = name.split('.');
  if (more.length > 0) {
    const form = 'required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10';
    throw invalid(`${form}, instead received ${name}`);
  }
  if (!/^[+-]?\d+$/.test(number)) {
    throw invalid(`unable to parse a valid vlan id from: ${number} (ex. eth0.10 for vlan 10)`);
  }
  if (!hasLink(parent)) throw invalid(`-o parent interface was not found on the host: ${parent}`);
  const id = Number(number);
  if (id < 1 || id > 4094) throw invalid(`vlan id must be between 1-4094, received: ${id}`);
  return { kind: 'vlan', parent, id };
}

function requireKind(kind: LinkKind, { makes }: NetworkSurroundings): void {
  if (makes(kind)) return;
  const reason = `its module ${modules[kind]} is missing`;
  throw new FairleadError('not-implemented', `this kernel makes no links of kind ${kind}: ${reason}`);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
