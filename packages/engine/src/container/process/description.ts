import { statSync } from 'node:fs';
import { FairleadError } from '@fairlead/base';
import type { ContainerDescription, NamespaceMode, MountRequest as RuntimeMount } from '@fairlead/runtime';
import { readHostDevice, readHostDevices, resolveUser } from '@fairlead/runtime/spec';
import type { Json } from '../../json.ts';
import type { Container } from '../../model.ts';
import type { ContainerMount } from '../../volume/volume-model.ts';
import type { HostConfig, ResourceLimits } from '../configuration/container-config.ts';
import type { ContainerTable } from '../container-table.ts';
import type { ContainerFiles } from '../file/container-files.ts';
import { isolationOf, passiveLimits } from '../isolation/isolation.ts';
import { containerMounts } from '../mount/mount-plan.ts';
import { isRecursivelyReadOnly } from '../mount/read-only-mount.ts';
import { INIT_PATH } from './init-program.ts';

/** What the description of a container is made from. */
export interface DescriptionSource {
  readonly container: Container;
  readonly hostname: string;
  /** For containers that name none; see `EngineSettings`. */
  readonly seccompProfile?: string | undefined;
  /** Path of the network namespace; absent means the host's. */
  readonly networkNamespace: string | undefined;
  /** The user namespace of the container; absent means the host's. */
  readonly userNamespace?: ContainerDescription['userNamespace'];
  readonly appArmorProfile?: string | undefined;
  readonly files: ContainerFiles;
  /** Control group for a container that names none; '' leaves it to the runtime package. */
  readonly cgroupParent: string;
  readonly table: ContainerTable;
  /** Where the runtime finds what a mount shows. */
  readonly sourceOf: (mount: ContainerMount) => string;
  /** Reads a file of the container's root file system. */
  readonly rootfsFile: (path: string) => string;
  /** Where the host has the `/dev/shm` of a container that shares it. */
  readonly sharedMemoryOf: (id: string) => string;
  /** Why nothing can be made read-only together with what is mounted below it; asked for only where somebody wants that. */
  readonly recursiveReadOnlyFault?: string | undefined;
  /** Finds the host's program that `--init` puts first. */
  readonly findInit: () => string;
}

/**
 * Put a container into the runtime's words.
 *
 * @throws FairleadError `invalid-argument` for users, devices or options that cannot be had.
 */
export function describeContainer(source: DescriptionSource): ContainerDescription {
  const { container, hostname, table, rootfsFile } = source;
  const { config } = container;
  const { host } = config;
  const groups = rootfsFile('/etc/group');
  const cgroupParent = host.cgroupParent || source.cgroupParent;
  return {
    id: container.id,
    args: [...(hasInit(host) ? [INIT_PATH, '--'] : []), container.path, ...container.args],
    env: container.env,
    cwd: container.workingDir,
    user: resolveUser(container.user, rootfsFile('/etc/passwd'), groups, host.groupAdd),
    terminal: config.tty,
    hostname,
    ...(config.domainname && { domainname: config.domainname }),
    privileged: host.privileged,
    readonlyRootfs: host.readonlyRootfs,
    mounts: mountsOf(source),
    namespaces: {
      network: source.networkNamespace === undefined ? 'host' : { path: source.networkNamespace },
      pid: namespaceMode(host.pidMode, 'pid', table),
      ipc: namespaceMode(host.ipcMode, 'ipc', table),
      uts: host.utsMode === 'host' ? 'host' : 'private',
      ...cgroupMode(config.other.host['CgroupnsMode']),
    },
    capabilities: { add: host.capAdd, drop: host.capDrop },
    devices: host.privileged ? readHostDevices() : host.devices.flatMap(requestedDevices),
    ulimits: host.ulimits,
    limits: { ...runtimeLimits(host.limits), ...passiveLimits(config.other.host) },
    ...sharedMemory(source),
    ...(host.shmSize > 0 && { shmSize: host.shmSize }),
    sysctls: host.sysctls,
    ...isolationOf(config, source.seccompProfile),
    ...(source.appArmorProfile && { apparmorProfile: source.appArmorProfile }),
    ...(source.userNamespace && { userNamespace: source.userNamespace }),
    oomScoreAdj: host.oomScoreAdjust,
    ...(cgroupParent && { cgroupParent }),
  };
}

/** Limits in the runtime's words; 0 and empty mean that there is none. */
export function runtimeLimits(limits: ResourceLimits): NonNullable<ContainerDescription['limits']> {
  const { oomKillDisable, blkioWeight, ...others } = limits;
  const set = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== 0 && value !== ''));
  return {
    ...set,
    ...(oomKillDisable && { disableOomKiller: true }),
    ...(blkioWeight && { blockWeight: blkioWeight }),
  };
}

/** Where processes are shared with others, somebody else reaps orphans already (moby, oci_linux.go). */
function hasInit({ init, pidMode }: HostConfig): boolean {
  return init === true && (pidMode === '' || pidMode === 'private');
}

function mountsOf(description: DescriptionSource): RuntimeMount[] {
  const { container, files, findInit } = description;
  const { readonlyRootfs: readonly } = container.config.host;
  const asked = containerMounts(container);
  const taken = new Set(asked.map(({ target }) => target));
  const own: [string, string][] = [
    ['/etc/resolv.conf', files.resolvConf],
    ['/etc/hostname', files.hostname],
    ['/etc/hosts', files.hosts],
  ];
  const system = own
    .filter(([destination]) => !taken.has(destination))
    .map(
      ([destination, source]): RuntimeMount => ({ kind: 'bind', source, destination, ...(readonly && { readonly }) }),
    );
  const init: RuntimeMount[] = hasInit(container.config.host)
    ? [{ kind: 'bind', source: findInit(), destination: INIT_PATH, readonly: true }]
    : [];
  return [...system, ...init, ...asked.map((mount) => runtimeMount(mount, description))];
}

function runtimeMount(mount: ContainerMount, { container, sourceOf, ...source }: DescriptionSource): RuntimeMount {
  if (mount.type === 'tmpfs') return tmpfsMount(mount);
  const propagation = propagationOf(mount.propagation);
  const recursive = isRecursivelyReadOnly(mount, container.config.host, source.recursiveReadOnlyFault);
  return {
    kind: 'bind',
    source: sourceOf(mount),
    destination: mount.target,
    readonly: mount.readOnly,
    ...(recursive && { recursiveReadonly: true }),
    ...(propagation && { propagation }),
    ...(mount.bind?.nonRecursive && { nonRecursive: true }),
  };
}

function tmpfsMount({ target, mode, readOnly, size, permissions, tmpfsOptions = [] }: ContainerMount): RuntimeMount {
  const asked = [...mode.split(','), ...tmpfsOptions.map((option) => option.join('='))];
  const options = new Set([...asked.filter((option) => option !== ''), ...(readOnly ? ['ro'] : [])]);
  return {
    kind: 'tmpfs',
    destination: target,
    options: [...options],
    ...(size && { size }),
    ...(permissions && { mode: permissions }),
  };
}

function propagationOf(text: string | undefined) {
  const known = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const;
  return known.find((name) => name === text);
}

function namespaceMode(mode: string, kind: 'pid' | 'ipc', table: ContainerTable): NamespaceMode {
  if (mode === 'host') return 'host';
  if (!mode.startsWith('container:')) return 'private';
  const donor = table.find(mode.slice('container:'.length));
  if (donor.state.pid === 0) {
    const reason = `container ${donor.id} is not running`;
    throw new FairleadError('conflict', `failed to join ${kind.toUpperCase()} namespace: ${reason}`);
  }
  return { path: `/proc/${donor.state.pid}/ns/${kind}` };
}

/** A directory stands for every device in it. */
function requestedDevices({ pathOnHost, pathInContainer, permissions }: HostConfig['devices'][number]) {
  const path = pathInContainer || pathOnHost;
  const access = permissions || 'rwm';
  if (!statSync(pathOnHost, { throwIfNoEntry: false })?.isDirectory()) {
    return [readHostDevice(pathOnHost, path, access)];
  }
  const below = readHostDevices(pathOnHost);
  if (below.length === 0) return [readHostDevice(pathOnHost, path, access)];
  return below.map((device) => ({ ...device, path: `${path}${device.path.slice(pathOnHost.length)}`, access }));
}

function cgroupMode(mode: Json | undefined): { readonly cgroup?: 'private' | 'host' } {
  return mode === 'private' || mode === 'host' ? { cgroup: mode } : {};
}

/**
 * `/dev/shm`: none at all, or one that is shared: the container's own, or that of the container whose IPC namespace it
 * joins.
 *
 * @throws FairleadError `conflict` in Docker's words when that does not share.
 */
function sharedMemory(source: Pick<DescriptionSource, 'container' | 'table' | 'sharedMemoryOf'>): {
  readonly shmPath?: string;
  readonly noShm?: boolean;
} {
  const { container, table, sharedMemoryOf } = source;
  const { ipcMode } = container.config.host;
  if (ipcMode === 'none') return { noShm: true };
  if (ipcMode === 'host') return { shmPath: '/dev/shm' };
  if (ipcMode === 'shareable') return { shmPath: sharedMemoryOf(container.id) };
  if (!ipcMode.startsWith('container:')) return {};
  const donor = table.find(ipcMode.slice('container:'.length));
  const shared = sharedMemory({ ...source, container: donor });
  if (shared.shmPath !== undefined) return shared;
  const hint = 'non-shareable IPC (hint: use IpcMode:shareable for the donor container)';
  throw new FairleadError('conflict', `failed to join IPC namespace: container ${donor.id}: ${hint}`);
}
