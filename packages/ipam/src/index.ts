/**
 * Address management as pure functions and small values: which subnet a network gets, which address an endpoint gets.
 *
 * @module
 */
export { AddressPool, type AddressPoolOptions, type AddressPoolUsage, allocateAddress } from './address-pool.ts';
export { type IpamConfigEntry, parseIpamConfig, type SubnetRequest } from './ipam-config.ts';
export {
  type ClaimedSubnet,
  chooseSubnet,
  isAnySubnet,
  requireFreeSubnet,
  type SubnetChoice,
} from './subnet-choice.ts';
export {
  localSubnetSources,
  parseSubnetSourceFlag,
  parseSubnetSources,
  type SubnetSource,
  subnetSources,
  swarmSubnetSources,
  uniqueLocalSource,
} from './subnet-source.ts';
