import { FairleadError } from '@fairlead/base';
import type { PluginConfig } from './plugin-config.ts';

/** Something that a plugin may do only when somebody has agreed to it, in the words of Docker's API. */
export interface PluginPrivilege {
  readonly Name: string;
  readonly Description: string;
  readonly Value: readonly string[];
}

/** What a plugin's config asks for beyond what every plugin has (moby, plugin/backend_linux.go, computePrivileges). */
export function privilegesOf(config: PluginConfig): PluginPrivilege[] {
  const { Network, IpcHost, PidHost, Mounts, Linux } = config;
  const isApart = ['', 'null', 'bridge'].includes(Network.Type);
  return [
    ...only(!isApart, 'network', 'permissions to access a network', Network.Type),
    ...only(IpcHost, 'host ipc namespace', 'allow access to host ipc namespace', 'true'),
    ...only(PidHost, 'host pid namespace', 'allow access to host pid namespace', 'true'),
    ...(Mounts ?? []).flatMap(({ Source }) => only(Source !== null, 'mount', 'host path to mount', Source ?? '')),
    ...(Linux.Devices ?? []).flatMap(({ Path }) => only(Path !== null, 'device', 'host device to access', Path ?? '')),
    ...only(Linux.AllowAllDevices, 'allow-all-devices', "allow 'rwm' access to all devices", 'true'),
    ...capabilitiesAsked(Linux.Capabilities ?? []),
  ];
}

/**
 * Hold what somebody has agreed to against what a plugin asks for; order means nothing.
 *
 * @throws FairleadError `internal` in Docker's words when it is not the same.
 */
export function requirePrivileges(config: PluginConfig, granted: readonly PluginPrivilege[]): void {
  const [asked, given] = [privilegesOf(config), granted].map((list) => list.map(comparable).sort());
  if (JSON.stringify(asked) !== JSON.stringify(given)) throw new FairleadError('internal', 'incorrect privileges');
}

function only(isAsked: boolean, Name: string, Description: string, value: string): PluginPrivilege[] {
  return isAsked ? [{ Name, Description, Value: [value] }] : [];
}

function capabilitiesAsked(Value: readonly string[]): PluginPrivilege[] {
  if (Value.length === 0) return [];
  return [{ Name: 'capabilities', Description: 'list of additional capabilities required', Value }];
}

function comparable({ Name, Value }: PluginPrivilege): string {
  return JSON.stringify([Name, Value.toSorted()]);
}
