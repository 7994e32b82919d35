/**
 * Programs of others that drive networks and volumes and give addresses: found where Docker finds them, called as Docker
 * calls them.
 *
 * @module
 */
export { waitBefore } from './back-off.ts';
export { Courtesy } from './courtesy.ts';
export {
  type AddressPurpose,
  type GivenPool,
  type IpamCapabilities,
  type PoolRequest,
  RemoteIpamDriver,
} from './ipam-driver.ts';
export type { ManagedPlugin, ManagedPlugins } from './managed/managed-plugin.ts';
export { dockerCapabilities, type PluginConfig, parsePluginConfig } from './managed/plugin-config.ts';
export { type PluginPrivilege, privilegesOf, requirePrivileges } from './managed/privileges.ts';
export { changeSettings, initialSettings, type PluginSettings } from './managed/settings.ts';
export {
  type DrivenInterface,
  type DrivenJoin,
  type DrivenNetwork,
  type DrivenPort,
  type DrivenSubnet,
  type EndpointDetails,
  type EndpointKey,
  RemoteNetworkDriver,
} from './network-driver.ts';
export { dockerPluginPlaces, type PluginPlaces } from './plugin-directory.ts';
export { lacksPlugin, PluginAbsence, PluginRefusal, PluginSilence, PluginUnfit } from './plugin-error.ts';
export { PluginRegistry, type PluginWait, unlessAborted } from './plugin-registry.ts';
export { type DrivenVolume, RemoteVolumeDriver } from './volume-driver.ts';
