import {
  FairleadError,
  isUnspecified,
  type Prefix,
  parseMacAddress,
  parsePrefix,
  prefixContains,
  tryParseIpAddress,
} from '@fairlead/base';
import type { Endpoint, EndpointConfig, Network } from '../model.ts';
import { hasNames } from '../name/dns-names.ts';
import { antispoofOption, requireGuardable } from './antispoof.ts';
import { bandwidthOf, bandwidthOptions, requireLimitable } from './bandwidth.ts';
import { endpointSysctlFaults } from './endpoint-sysctls.ts';

/**
 * Check what a container asks for on a network.
 *
 * @throws FairleadError `invalid-argument` with everything that is wrong, in Docker's words.
 */
export function requireValidEndpoint(network: Network, config: EndpointConfig): void {
  requireNoFaults([
    ...(hasNames(network) ? [] : predefinedFaults(config)),
    ...addressFaults(network, config),
    ...endpointSysctlFaults(config),
  ]);
  requireLinkLocal(config);
  requireLimitable(network, bandwidthOf(network, config));
  requireGuardable(network, config);
  if (!config.macAddress) return;
  parseMacAddress(config.macAddress);
  if (network.driver !== 'ipvlan') return;
  throw new FairleadError('invalid-argument', 'ipvlan interfaces do not support custom mac address assignment');
}

/** @throws FairleadError `forbidden` for who is no container of a service, on a network of a swarm that is not for others. */
export function requireAttachable({ name, scope, attachable }: Network, isTask: boolean): void {
  if (scope !== 'swarm' || attachable || isTask) return;
  const reason = `rpc error: code = PermissionDenied desc = network ${name} not manually attachable`;
  throw new FairleadError('forbidden', `Could not attach to network ${name}: ${reason}`);
}

/**
 * Check that a network has room for one more container: a parent in mode passthru is one container's alone.
 *
 * @param present the endpoints that the network has.
 * @throws FairleadError `forbidden`.
 */
export function requireRoom({ name, parent }: Network, present: readonly Endpoint[]): void {
  const [user] = present;
  if (parent?.type.mode !== 'passthru' || user === undefined) return;
  const reason = `parent interface ${parent.name} is passed through to container ${user.ownerName}`;
  throw new FairleadError('forbidden', `network ${name} is in use: ${reason}`);
}

/**
 * Check what a container will ask for on a network, which may not be there yet.
 *
 * @param name how the container calls the network.
 * @throws FairleadError `invalid-argument` as {@link requireValidEndpoint} does.
 */
export function requirePlausibleEndpoint(name: string, network: Network | undefined, config: EndpointConfig): void {
  const bandwidth = bandwidthOptions(config.driverOptions ?? {});
  antispoofOption(config.driverOptions ?? {});
  if (network !== undefined) requireGuardable(network, config);
  if (network !== undefined && typeof bandwidth.in === 'number') requireLimitable(network, { in: bandwidth.in });
  const predefined = network === undefined ? predefinedNames.includes(name) : !hasNames(network);
  requireNoFaults([
    ...(predefined ? predefinedFaults(config) : []),
    ...(network === undefined ? syntaxFaults(config) : addressFaults(network, config)),
    ...endpointSysctlFaults(config),
  ]);
}

const predefinedNames: readonly string[] = ['default', 'bridge', 'host', 'none'];

function requireNoFaults(faults: readonly string[]): void {
  if (faults.length > 0) throw new FairleadError('invalid-argument', `invalid endpoint settings:\n${listed(faults)}`);
}

/** What can be said of the addresses before the network is known: one message for each fault. */
function syntaxFaults(config: EndpointConfig): string[] {
  const faults: string[] = [];
  if (config.ipv4Address && !isFamily(config.ipv4Address, 4))
    faults.push(`invalid IPv4 address: ${config.ipv4Address}`);
  if (config.ipv6Address && !isFamily(config.ipv6Address, 6))
    faults.push(`invalid IPv6 address: ${config.ipv6Address}`);
  for (const address of config.linkLocalAddresses ?? []) {
    if (!isAddress(address)) faults.push(`invalid link-local IP address: ${address}`);
  }
  return faults;
}

/** RFC 3927 and RFC 4291, 2.5.6. */
const linkLocalPrefixes = ['169.254.0.0/16', 'fe80::/10'].map(parsePrefix);

/** Docker looks at what kind of addresses they are when the container joins, not before. */
function requireLinkLocal({ linkLocalAddresses = [] }: EndpointConfig): void {
  for (const text of linkLocalAddresses) {
    const address = tryParseIpAddress(text);
    if (address === undefined || linkLocalPrefixes.some((prefix) => prefixContains(prefix, address))) continue;
    throw new FairleadError('invalid-argument', `invalid link local IP address: ${address}`);
  }
}

/** What only networks that users have made can give. */
function predefinedFaults(config: EndpointConfig): string[] {
  const faults: string[] = [];
  if (config.ipv4Address || config.ipv6Address) {
    faults.push('user-specified IP address is supported on user-defined networks only');
  }
  if ((config.aliases ?? []).length > 0) {
    faults.push('network-scoped aliases are only supported for user-defined networks');
  }
  return faults;
}

function addressFaults(network: Network, config: EndpointConfig): string[] {
  const syntax = syntaxFaults(config);
  if (syntax.length > 0) return syntax;
  const subnets: readonly Prefix[] = network.subnets.map(({ subnet }) => subnet);
  return [config.ipv4Address, config.ipv6Address].flatMap((text) => {
    const address = text ? tryParseIpAddress(text) : undefined;
    if (address === undefined || subnets.some((subnet) => prefixContains(subnet, address))) return [];
    return [`no configured subnet contains IP address ${address}`];
  });
}

/** One message stands as it is, several become a list. */
function listed(messages: readonly string[]): string {
  return messages.length === 1 ? messages.join('') : messages.map((message) => `* ${message}`).join('\n');
}

function isFamily(text: string, family: 4 | 6): boolean {
  return isAddress(text) && text.includes(':') === (family === 6);
}

function isAddress(text: string): boolean {
  const address = tryParseIpAddress(text);
  return address !== undefined && !isUnspecified(address);
}
