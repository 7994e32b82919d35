import { FairleadError } from '@fairlead/base';
import type { ContainerDescription, NamespaceMode, MountRequest as RuntimeMount } from '@fairlead/runtime';
import { readHostDevice, readHostDevices, resolveUser } from '@fairlead/runtime/spec';
import type { Container, ContainerMount, HostConfig, ResourceLimits } from '../model.ts';
import type { ContainerFiles } from './container-files.ts';
import type { ContainerTable } from './container-table.ts';
import { INIT_PATH } from './init-program.ts';
import { containerMounts } from './mount-plan.ts';

/** What the description of a container is made from. */
export interface DescriptionSource {
  readonly container: Container;
  readonly hostname: string;
  /** Path of the network namespace; absent means the host's. */
  readonly networkNamespace: string | undefined;
  readonly files: ContainerFiles;
  /** Control group for a container that names none; '' leaves it to the runtime package. */
  readonly cgroupParent: string;
  readonly table: ContainerTable;
  /** Where the runtime finds what a mount shows. */
  readonly sourceOf: (mount: ContainerMount) => string;
  /** Reads a file of the container's root file system. */
  readonly rootfsFile: (path: string) => string;
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
    },
    capabilities: { add: host.capAdd, drop: host.capDrop },
    devices: host.privileged ? readHostDevices() : host.devices.map(requestedDevice),
    ulimits: host.ulimits,
    limits: runtimeLimits(host.limits),
    ...(host.shmSize > 0 && { shmSize: host.shmSize }),
    sysctls: host.sysctls,
    ...securityOf(host),
    oomScoreAdj: host.oomScoreAdjust,
    ...(cgroupParent && { cgroupParent }),
  };
}

/** Docker's `--security-opt`s as far as they concern the runtime. */
function securityOf(host: HostConfig): Pick<ContainerDescription, 'seccomp' | 'noNewPrivileges'> {
  const options = host.securityOptions.map((option) => option.replace('=', ':'));
  const noNewPrivileges = options.some((option) => /^no-new-privileges(:true)?$/.test(option));
  return {
    ...(options.includes('seccomp:unconfined') && { seccomp: 'unconfined' as const }),
    ...(noNewPrivileges && { noNewPrivileges }),
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
  return init && (pidMode === '' || pidMode === 'private');
}

function mountsOf({ container, files, sourceOf, findInit }: DescriptionSource): RuntimeMount[] {
  const asked = containerMounts(container);
  const taken = new Set(asked.map(({ target }) => target));
  const own: [string, string][] = [
    ['/etc/resolv.conf', files.resolvConf],
    ['/etc/hostname', files.hostname],
    ['/etc/hosts', files.hosts],
  ];
  const system = own
    .filter(([destination]) => !taken.has(destination))
    .map(([destination, path]): RuntimeMount => ({ kind: 'bind', source: path, destination }));
  const init: RuntimeMount[] = hasInit(container.config.host)
    ? [{ kind: 'bind', source: findInit(), destination: INIT_PATH, readonly: true }]
    : [];
  return [...system, ...init, ...asked.map((mount) => runtimeMount(mount, sourceOf(mount)))];
}

function runtimeMount(mount: ContainerMount, source: string): RuntimeMount {
  if (mount.type === 'tmpfs') {
    const options = mount.mode.split(',').filter((option) => option !== '');
    return { kind: 'tmpfs', destination: mount.target, options, ...(mount.size && { size: mount.size }) };
  }
  const propagation = propagationOf(mount.propagation);
  return {
    kind: 'bind',
    source,
    destination: mount.target,
    readonly: mount.readOnly,
    ...(propagation && { propagation }),
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
    throw new FairleadError(
      'conflict',
      `cannot join ${kind.toUpperCase()} namespace of a non running container: ${donor.id}`,
    );
  }
  return { path: `/proc/${donor.state.pid}/ns/${kind}` };
}

function requestedDevice({ pathOnHost, pathInContainer, permissions }: HostConfig['devices'][number]) {
  return readHostDevice(pathOnHost, pathInContainer || pathOnHost, permissions || 'rwm');
}
