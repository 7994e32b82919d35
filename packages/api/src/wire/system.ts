import type { ContainerView, SystemInfo } from '@fairlead/engine';
import { type ApiVersion, formatVersion, maximumVersion, minimumVersion } from '../http/api-version.ts';
import { timeText } from './time.ts';

/** Go's name of the machine's architecture. */
function goArchitecture(): string {
  return { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;
}

/** The kernel's name of it, as `uname -m` prints. */
function kernelArchitecture(): string {
  return { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
}

/** The answer to `GET /version`. */
export function presentVersion(info: SystemInfo, productVersion: string) {
  const details = {
    ApiVersion: formatVersion(maximumVersion),
    Arch: goArchitecture(),
    BuildTime: '',
    Experimental: 'false',
    GitCommit: '',
    GoVersion: '',
    KernelVersion: info.kernelVersion,
    MinAPIVersion: formatVersion(minimumVersion),
    Os: 'linux',
  };
  return {
    Platform: { Name: 'Fairlead' },
    Components: [
      { Name: 'Engine', Version: productVersion, Details: details },
      { Name: 'containerd', Version: info.containerdVersion, Details: { GitCommit: '' } },
      { Name: info.runtimeName, Version: info.runtimeVersion, Details: { GitCommit: '' } },
    ],
    Version: productVersion,
    ApiVersion: details.ApiVersion,
    MinAPIVersion: details.MinAPIVersion,
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch: details.Arch,
    KernelVersion: info.kernelVersion,
    BuildTime: '',
  };
}

/** What `GET /info` counts. */
interface EngineCounts {
  readonly containers: readonly ContainerView[];
  readonly images: number;
  readonly networkDrivers: readonly string[];
  readonly volumeDrivers: readonly string[];
  /** What `presentSwarmInfo` says; absent where this machine is in no swarm. */
  readonly swarm?: object;
}

/** The answer to `GET /info`. What does not exist here is said to be absent, never made up. */
export function presentInfo(info: SystemInfo, counts: EngineCounts, productVersion: string, version: ApiVersion) {
  return {
    ...countedContents(counts),
    ...driversInUse(info, counts),
    ...limitSupport(info),
    ...presentHost(info),
    ...presentEngine(info, productVersion),
    ...presentRuntime(info, version),
    ...absentParts,
    Swarm: counts.swarm ?? noSwarm,
    ...(version < 50 && { BridgeNfIptables: false, BridgeNfIp6tables: false }),
    ...(version >= 49 && { FirewallBackend: { Driver: 'nftables' } }),
    ...(version >= 46 && {
      Containerd: {
        Address: info.containerdSocket,
        Namespaces: { Containers: 'fairlead', Plugins: 'fairlead-plugins' },
      },
    }),
  };
}

function countedContents({ containers, images }: EngineCounts) {
  const inState = (status: string): number =>
    containers.filter(({ container }) => container.state.status === status).length;
  const running = inState('running') + inState('restarting');
  const paused = inState('paused');
  return {
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: containers.length - running - paused,
    Images: images,
  };
}

function driversInUse(
  { loggingDriver, authorizationPlugins }: SystemInfo,
  { networkDrivers, volumeDrivers }: EngineCounts,
) {
  return {
    Driver: 'overlay2',
    DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
    LoggingDriver: loggingDriver,
    Plugins: {
      Volume: volumeDrivers,
      // A plugin is one of them for as long as there is a network of its, or the engine runs it.
      Network: [...new Set(['bridge', 'host', 'ipvlan', 'macvlan', 'null', ...networkDrivers])].sort(),
      Authorization: authorizationPlugins.length > 0 ? authorizationPlugins : null,
      Log: ['fluentd', 'gelf', 'journald', 'json-file', 'local', 'syslog'],
    },
  };
}

/** The machine. */
function presentHost(info: SystemInfo) {
  return {
    Name: info.name,
    KernelVersion: info.kernelVersion,
    OperatingSystem: info.operatingSystem,
    OSVersion: info.osVersion,
    OSType: 'linux',
    Architecture: kernelArchitecture(),
    NCPU: info.cpus,
    MemTotal: info.memory,
    IPv4Forwarding: info.ipv4Forwarding,
    SystemTime: timeText(Date.now()),
  };
}

/** The daemon, as its operator wants it. */
function presentEngine(info: SystemInfo, productVersion: string) {
  return {
    ID: info.id,
    ServerVersion: productVersion,
    Debug: info.debug,
    DockerRootDir: info.dataRoot,
    Labels: info.labels,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: presentRegistries(info),
    DefaultAddressPools: info.defaultAddressPools.map(({ base, size }) => ({ Base: base, Size: size })),
    // Containers and names go on while the daemon restarts: what the flag asks for is always so.
    LiveRestoreEnabled: true,
    Warnings: info.warnings.length > 0 ? info.warnings : null,
  };
}

/** What makes containers, and what separates them. */
function presentRuntime(info: SystemInfo, version: ApiVersion) {
  const commit = (id: string) => ({ ID: id, ...(version < 49 && { Expected: '' }) });
  return {
    CgroupDriver: info.cgroupDriver,
    CgroupVersion: info.cgroupVersion,
    Runtimes: { [info.runtimeName]: { path: info.runtimeName } },
    DefaultRuntime: info.runtimeName,
    InitBinary: 'docker-init',
    ContainerdCommit: commit(info.containerdVersion),
    RuncCommit: commit(info.runtimeVersion),
    InitCommit: commit(''),
    SecurityOptions: securityOptions(info),
    HttpProxy: info.proxies.http ?? '',
    HttpsProxy: info.proxies.https ?? '',
    NoProxy: info.proxies.none ?? '',
  };
}

/** Docker's that Fairlead has not, or does not count. */
const absentParts = {
  NFd: 0,
  NGoroutines: 0,
  NEventsListener: 0,
  GenericResources: null,
  ExperimentalBuild: false,
  Isolation: '',
  CDISpecDirs: [],
};

const noSwarm = {
  NodeID: '',
  NodeAddr: '',
  LocalNodeState: 'inactive',
  ControlAvailable: false,
  Error: '',
  RemoteManagers: null,
};

function securityOptions({ cgroupVersion, userNamespaces, appArmor, seccompProfile }: SystemInfo): string[] {
  return [
    ...(appArmor ? ['name=apparmor'] : []),
    `name=seccomp,profile=${seccompProfile}`,
    ...(userNamespaces ? ['name=userns'] : []),
    ...(cgroupVersion === '2' ? ['name=cgroupns'] : []),
  ];
}

/** Limits of a container that are enforced. */
function limitSupport({ cgroupVersion }: SystemInfo) {
  return {
    OomKillDisable: cgroupVersion === '1',
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
  };
}

function presentRegistries({ insecureRegistries, registryMirrors }: SystemInfo) {
  const official = { Name: 'docker.io', Mirrors: registryMirrors, Secure: true, Official: true };
  const insecure = insecureRegistries
    .filter((name) => !name.includes('/'))
    .map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]);
  return {
    AllowNondistributableArtifactsCIDRs: null,
    AllowNondistributableArtifactsHostnames: null,
    InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', ...insecureRegistries.filter((name) => name.includes('/'))],
    IndexConfigs: { 'docker.io': official, ...Object.fromEntries(insecure) },
    Mirrors: registryMirrors.length > 0 ? registryMirrors : null,
  };
}
