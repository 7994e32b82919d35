import type { IdentityMapping, IdentityRange } from '@fairlead/base';
import { resolveCapabilities } from './capabilities.ts';
import { cgroupPath } from './cgroup-path.ts';
import { defaultMaskedPaths, defaultMounts, defaultReadonlyPaths, defaultShmSize } from './default-mounts.ts';
import { type DeviceRequest, deviceRules, ociDevice } from './devices.ts';
import { type MountRequest, ociMount, orderMounts, rootPropagation } from './mounts.ts';
import type {
  OciDeviceRule,
  OciLinux,
  OciMount,
  OciNamespace,
  OciProcess,
  OciSeccomp,
  OciSpec,
  OciUser,
} from './oci-types.ts';
import { linuxResources, ociRlimits, type ResourceLimits, type UlimitRequest } from './resources.ts';
import { defaultSeccomp, parseSeccompProfile } from './seccomp.ts';
import type { Architecture } from './seccomp-profile.ts';

/** A namespace of a container: its own, the host's, or one that exists, by path. */
export type NamespaceMode = 'private' | 'host' | { readonly path: string };

/** What a process may do and who it is: shared by a container's first process and its execs. */
export type ProcessDescription = {
  readonly args: readonly string[];
  /** `NAME=value`; a later one wins. PATH, HOSTNAME, TERM and HOME are added where they are missing. */
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly user: OciUser & { readonly home?: string };
  readonly terminal?: boolean;
  /** Of its terminal, when it starts. */
  readonly size?: { readonly rows: number; readonly columns: number };
  readonly privileged?: boolean;
  readonly noNewPrivileges?: boolean;
  /** Name of a profile that the kernel has. */
  readonly apparmorProfile?: string;
};

/** A container, in nobody's words but ours. Whatever is absent is as Docker has it. */
export type ContainerDescription = ProcessDescription & {
  readonly id: string;
  readonly hostname: string;
  readonly domainname?: string;
  readonly readonlyRootfs?: boolean;
  readonly mounts?: readonly MountRequest[];
  readonly namespaces: {
    readonly network: NamespaceMode;
    readonly pid?: NamespaceMode;
    readonly ipc?: NamespaceMode;
    readonly uts?: NamespaceMode;
    readonly cgroup?: NamespaceMode;
  };
  /** An existing user namespace to run in, with its users and groups; absent means the host's. */
  readonly userNamespace?: { readonly path: string; readonly identities: IdentityMapping };
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly devices?: readonly DeviceRequest[];
  readonly deviceRules?: readonly OciDeviceRule[];
  readonly ulimits?: readonly UlimitRequest[];
  readonly limits?: ResourceLimits;
  readonly shmSize?: number;
  /** Host path to bind at /dev/shm, to share it with another container. */
  readonly shmPath?: string;
  /** Nothing is mounted at /dev/shm. */
  readonly noShm?: boolean;
  readonly sysctls?: Readonly<Record<string, string>>;
  /** `default`, `unconfined`, or the text of a profile in Docker's format. */
  readonly seccomp?: 'default' | 'unconfined' | { readonly profile: string };
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly oomScoreAdj?: number;
  readonly cgroupParent?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** What the host can give: found out once, by the composition root. */
export type HostFacts = {
  readonly architecture: Architecture;
  /** Control groups of version 2 only. */
  readonly unifiedCgroup: boolean;
  /** Capabilities that this program has itself; no container can have more. */
  readonly capabilities: readonly string[];
  /** This program's hard limits by name (`nofile`); undefined with CAP_SYS_RESOURCE, which can raise them. */
  readonly hardLimits: Readonly<Record<string, number>> | undefined;
  /** The runtime asks systemd for control groups. */
  readonly systemdCgroup?: boolean;
};

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Version of the runtime spec that the result follows: what runc 1.1 and crun 1.x both take. */
const ociVersion = '1.0.2';

/**
 * The OCI runtime spec of a container. Pure: everything about the host comes in `host`.
 *
 * @throws FairleadError `invalid-argument` for unknown capabilities.
 */
export function containerSpec(container: ContainerDescription, host: HostFacts): OciSpec {
  const capabilities = capabilitiesOf(container, host);
  return {
    ociVersion,
    process: firstProcess(container, capabilities, host),
    root: { path: 'rootfs', ...(container.readonlyRootfs ? { readonly: true } : {}) },
    ...(container.namespaces.uts === 'host' ? {} : { hostname: container.hostname }),
    mounts: mountsOf(container),
    ...(container.annotations ? { annotations: container.annotations } : {}),
    linux: linuxPart(container, capabilities, host),
  };
}

/** The process of an exec, for `Tasks.createExec`. It gets the same limits of privilege as its container. */
export function execProcess(
  exec: ProcessDescription,
  container: Pick<
    ContainerDescription,
    'capabilities' | 'privileged' | 'hostname' | 'ulimits' | 'oomScoreAdj' | 'noNewPrivileges' | 'apparmorProfile'
  >,
  host: HostFacts,
): OciProcess {
  const privileged = (exec.privileged || container.privileged) ?? false;
  const capabilities = capabilitiesOf({ ...container, privileged }, host);
  const { noNewPrivileges, apparmorProfile } = container;
  const limited = { ...exec, ...(noNewPrivileges && { noNewPrivileges }), ...(apparmorProfile && { apparmorProfile }) };
  return { ...processOf(limited, container.hostname, capabilities), ...processLimits(container, host) };
}

function processLimits(
  { ulimits = [], oomScoreAdj = 0 }: Pick<ContainerDescription, 'ulimits' | 'oomScoreAdj'>,
  host: HostFacts,
): Pick<OciProcess, 'rlimits' | 'oomScoreAdj'> {
  const rlimits = ociRlimits(ulimits, host.hardLimits);
  return { ...(rlimits.length > 0 ? { rlimits } : {}), oomScoreAdj };
}

function capabilitiesOf(
  container: Pick<ContainerDescription, 'capabilities' | 'privileged'>,
  host: HostFacts,
): readonly string[] {
  const { add = [], drop = [] } = container.capabilities ?? {};
  return resolveCapabilities({ add, drop, privileged: container.privileged ?? false }, host.capabilities);
}

function firstProcess(container: ContainerDescription, capabilities: readonly string[], host: HostFacts): OciProcess {
  return { ...processOf(container, container.hostname, capabilities), ...processLimits(container, host) };
}

function processOf(process: ProcessDescription, hostname: string, capabilities: readonly string[]): OciProcess {
  const { uid, gid, additionalGids } = process.user;
  // A user other than root gets capabilities only by running a program that has them (moby, oci_linux.go).
  const effective = uid === 0 ? capabilities : [];
  return {
    ...(process.terminal ? { terminal: true } : {}),
    ...(process.size ? { consoleSize: { height: process.size.rows, width: process.size.columns } } : {}),
    user: { uid, gid, ...(additionalGids?.length ? { additionalGids } : {}) },
    args: process.args,
    env: environment(process, hostname),
    cwd: process.cwd || '/',
    capabilities: { bounding: capabilities, effective, permitted: effective },
    ...(process.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(process.apparmorProfile ? { apparmorProfile: process.apparmorProfile } : {}),
  };
}

/** Docker's environment: its own variables first, then what was asked for, which wins; without `=` it takes one away. */
function environment(process: ProcessDescription, hostname: string): string[] {
  const own = [defaultPath, `HOSTNAME=${hostname}`, ...(process.terminal ? ['TERM=xterm'] : [])];
  const home = `HOME=${process.user.home ?? '/root'}`;
  const byName = new Map<string, string>();
  for (const entry of [...own, ...process.env]) {
    if (entry.includes('=')) byName.set(nameOf(entry), entry);
    else byName.delete(entry);
  }
  if (!byName.has('HOME')) byName.set('HOME', home);
  return [...byName.values()];
}

function nameOf(entry: string): string {
  const separator = entry.indexOf('=');
  return separator < 0 ? entry : entry.slice(0, separator);
}

function mountsOf(container: ContainerDescription): OciMount[] {
  const privileged = container.privileged ?? false;
  const shmSize = container.shmSize ?? defaultShmSize;
  const shmPath = container.namespaces.ipc === 'host' ? '/dev/shm' : container.shmPath;
  // Read-only, they could not be bound into a user namespace, as runc does with control groups of version 1.
  const writableCgroups = container.userNamespace !== undefined;
  const defaults = defaultMounts({ shmSize, privileged, shmPath, writableCgroups });
  const wanted = container.noShm ? defaults.filter(({ destination }) => destination !== '/dev/shm') : defaults;
  return orderMounts(wanted, (container.mounts ?? []).map(ociMount));
}

function linuxPart(container: ContainerDescription, capabilities: readonly string[], host: HostFacts): OciLinux {
  const privileged = container.privileged ?? false;
  const devices = container.devices ?? [];
  const rules = deviceRules(devices, container.deviceRules ?? [], privileged);
  const propagation = rootPropagation(container.mounts ?? []);
  const seccomp = seccompOf(container, capabilities, host);
  return {
    namespaces: namespacesOf(container, host.unifiedCgroup),
    ...identitiesOf(container),
    ...(devices.length > 0 ? { devices: devices.map(ociDevice) } : {}),
    cgroupsPath: cgroupPath({
      containerId: container.id,
      parent: container.cgroupParent,
      systemd: host.systemdCgroup,
    }),
    resources: { devices: rules, ...linuxResources(container.limits ?? {}) },
    ...sysctlsOf(container),
    ...(seccomp ? { seccomp } : {}),
    ...(propagation === 'rprivate' ? {} : { rootfsPropagation: propagation }),
    maskedPaths: container.maskedPaths ?? (privileged ? [] : defaultMaskedPaths),
    readonlyPaths: container.readonlyPaths ?? (privileged ? [] : defaultReadonlyPaths),
  };
}

/** The NIS domain is set as a sysctl, as Docker does: runc has a field for it from 1.2 on only. The host keeps its own. */
function sysctlsOf({ sysctls, domainname, namespaces }: ContainerDescription): Pick<OciLinux, 'sysctl'> {
  if (!domainname || namespaces.uts === 'host') return sysctls ? { sysctl: sysctls } : {};
  return { sysctl: { 'kernel.domainname': domainname, ...sysctls } };
}

/** A privileged container is unconfined unless a profile was asked for by name. */
function seccompOf(
  container: ContainerDescription,
  capabilities: readonly string[],
  host: HostFacts,
): OciSeccomp | undefined {
  const asked = container.seccomp ?? (container.privileged ? 'unconfined' : 'default');
  if (asked === 'unconfined') return undefined;
  if (asked === 'default') return defaultSeccomp(host.architecture, capabilities);
  return parseSeccompProfile(asked.profile, host.architecture, capabilities);
}

/** Needed beside the path: the runtime hands files of its own over to these. */
function identitiesOf({ userNamespace }: ContainerDescription): Pick<OciLinux, 'uidMappings' | 'gidMappings'> {
  if (userNamespace === undefined) return {};
  const { users, groups } = userNamespace.identities;
  const mapping = ({ inside, outside, count }: IdentityRange) => ({
    containerID: inside,
    hostID: outside,
    size: count,
  });
  return { uidMappings: users.map(mapping), gidMappings: groups.map(mapping) };
}

function namespacesOf(
  { namespaces: modes, privileged = false, userNamespace }: ContainerDescription,
  unifiedCgroup: boolean,
): OciNamespace[] {
  // Docker's default: own control group view with version 2, except for a privileged container; the host's with 1.
  const cgroup = modes.cgroup ?? (unifiedCgroup && !privileged ? 'private' : 'host');
  return [
    { type: 'mount' },
    ...namespace('network', modes.network),
    ...namespace('uts', modes.uts),
    ...namespace('pid', modes.pid),
    ...namespace('ipc', modes.ipc),
    ...namespace('cgroup', cgroup),
    ...(userNamespace ? [{ type: 'user', path: userNamespace.path } as const] : []),
  ];
}

function namespace(type: OciNamespace['type'], mode: NamespaceMode = 'private'): OciNamespace[] {
  if (mode === 'host') return [];
  return [mode === 'private' ? { type } : { type, path: mode.path }];
}
