import { FairleadError } from '@fairlead/base';
import { parseIpamConfig } from '@fairlead/ipam';
import type { Network } from '../model.ts';
import { familyOptions } from '../network-option.ts';
import { networkFrame } from './network-frame.ts';
import type { NetworkRequest } from './network-request.ts';

/**
 * A network that only holds what others are made of (`--config-only`): nothing of the kernel, and no addresses.
 *
 * @throws FairleadError in Docker's words.
 */
export function configNetwork(request: NetworkRequest): Network {
  const { internal, attachable, scope, options = {}, labels = {}, ipam } = request;
  if (internal === true || attachable === true || scope) {
    const fields = 'Network operator fields like [ ingress | internal | attachable | scope ] are not supported.';
    throw forbidden(`configuration network can only contain network specific fields. ${fields}`);
  }
  if (request.configFrom) throw forbidden('a configuration network cannot depend on another configuration network');
  const frame = networkFrame(request, familyOptions(options));
  parseIpamConfig(ipam?.config ?? [], { ipv6Enabled: frame.ipv6 });
  const template = { ipv4: frame.ipv4, ipv6: frame.ipv6, options: frame.options, labels, ...(ipam && { ipam }) };
  return { ...frame, driver: 'null', subnets: [], template };
}

/**
 * The request that `--config-from` stands for: what is the network's own, and everything else from the other one.
 *
 * @throws FairleadError `forbidden` when it says something itself that the other one says, `not-found`.
 */
export function fromConfigNetwork(request: NetworkRequest, networks: Iterable<Network>): NetworkRequest {
  const { configFrom } = request;
  if (!configFrom) return request;
  requireNothingOfItsOwn(request);
  const config = Iterator.from(networks).find(({ name, template }) => template !== undefined && name === configFrom);
  if (config?.template === undefined) {
    throw new FairleadError('not-found', `configuration network ${JSON.stringify(configFrom)} does not exist`);
  }
  return { ...request, ...config.template };
}

/** @throws FairleadError `forbidden` while networks that were made of this one are there. */
export function requireUnusedConfig({ name, template }: Network, networks: Iterable<Network>): void {
  if (template === undefined || !Iterator.from(networks).some(({ configFrom }) => configFrom === name)) return;
  throw forbidden(`error while removing network: configuration network ${JSON.stringify(name)} is in use`);
}

function requireNothingOfItsOwn({ ipv4, ipv6, labels = {}, ipam, options = {} }: NetworkRequest): void {
  const depends = 'if the network depends on a configuration network';
  const ownPools = (ipam?.driver ?? 'default') !== 'default' || (ipam?.config ?? []).length > 0;
  const settings = [labels, ipam?.options ?? {}].some((values) => Object.keys(values).length > 0);
  if (ipv4 === false || ipv6 === true || ownPools || settings) {
    throw forbidden(`user-specified configurations are not supported ${depends}`);
  }
  if (Object.keys(options).length > 0) throw forbidden(`network driver options are not supported ${depends}`);
}

function forbidden(message: string): FairleadError {
  return new FairleadError('forbidden', message);
}
