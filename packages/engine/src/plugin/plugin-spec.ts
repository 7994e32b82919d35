import { FairleadError } from '@fairlead/base';
import type { DeviceRequest, HostFacts, OciSpec } from '@fairlead/runtime';
import { containerSpec } from '@fairlead/runtime/spec';
import type { Plugin } from './plugin-model.ts';

/** What the host has for a plugin. */
export interface PluginHost {
  readonly rootfs: string;
  /** What it has as `/run/docker/plugins`. */
  readonly sockets: string;
  /** What is seen of its `PropagatedMount`. */
  readonly propagated: string;
  /** The devices that its settings name. */
  readonly devices: readonly DeviceRequest[];
  readonly facts: HostFacts;
  /** Control group; '' leaves it to the runtime package. */
  readonly cgroupParent: string;
}

type OciMount = OciSpec['mounts'][number];

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * What the runtime is told of a plugin (moby, plugin/v2/plugin_linux.go, InitSpec): as Docker has it, there is no seccomp
 * filter, its environment is what its config says and no more, and it runs as root whatever `User` says.
 *
 * @throws FairleadError in Docker's words for a mount whose source nobody has set.
 */
export function pluginSpec({ id, config, settings }: Plugin, host: PluginHost): OciSpec {
  const { Entrypoint, WorkDir, Network, PidHost, IpcHost, Linux } = config;
  const { hostname: _, ...spec } = containerSpec(
    {
      id,
      args: [...(Entrypoint ?? []), ...settings.Args],
      env: [],
      cwd: WorkDir || '/',
      user: { uid: 0, gid: 0 },
      hostname: '',
      namespaces: {
        network: Network.Type === 'host' ? 'host' : 'private',
        pid: PidHost ? 'host' : 'private',
        ipc: IpcHost ? 'host' : 'private',
        cgroup: 'host',
      },
      capabilities: { add: Linux.Capabilities ?? [] },
      devices: host.devices,
      seccomp: 'unconfined',
      cgroupParent: host.cgroupParent,
    },
    host.facts,
  );
  const resources = Linux.AllowAllDevices
    ? { ...spec.linux.resources, devices: [{ allow: true, access: 'rwm' }] }
    : spec.linux.resources;
  const isShared = config.PropagatedMount !== '';
  return {
    ...spec,
    root: { path: host.rootfs },
    process: { ...spec.process, env: [path, ...settings.Env] },
    mounts: withOwnMounts(spec.mounts, ownMounts(config, host)),
    linux: { ...spec.linux, resources, ...(isShared && { rootfsPropagation: 'rshared' }) },
  };
}

function ownMounts({ PropagatedMount, Mounts, Network }: Plugin['config'], host: PluginHost): OciMount[] {
  const bind = (source: string, destination: string, ...options: string[]): OciMount => ({
    ...{ type: 'bind', source, destination },
    options: ['rbind', ...options],
  });
  const files = Network.Type === '' ? [] : ['/etc/hosts', '/etc/resolv.conf'];
  return [
    ...(PropagatedMount === '' ? [] : [bind(host.propagated, PropagatedMount, 'rw', 'rshared')]),
    ...(Mounts ?? []).map(({ Source: source, Destination: destination, Type: type, Options }): OciMount => {
      if (source === null) throw new FairleadError('internal', 'mount source is not specified');
      return { type, source, destination, options: Options ?? [] };
    }),
    bind(host.sockets, '/run/docker/plugins', 'rshared'),
    ...files.map((file) => bind(file, file, 'ro')),
  ];
}

/** A plugin's own mount takes the place of one that everybody gets. */
function withOwnMounts(defaults: readonly OciMount[], own: readonly OciMount[]): OciMount[] {
  const taken = new Set(own.map(({ destination }) => destination));
  return [...defaults.filter(({ destination }) => !taken.has(destination)), ...own];
}
