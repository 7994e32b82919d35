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

/** The answer to `GET /info`. What does not exist here is said to be absent, never made up. */
export function presentInfo(
  info: SystemInfo,
  counts: {
    readonly containers: readonly ContainerView[];
    readonly images: number;
    readonly networkDrivers: readonly string[];
    readonly volumeDrivers: readonly string[];
  },
  productVersion: string,
  version: ApiVersion,
) {
  const inState = (status: string): number =>
    counts.containers.filter(({ container }) => container.state.status === status).length;
  const running = inState('running') + inState('restarting');
  const paused = inState('paused');
  const runtime = { path: info.runtimeName };
  return {
    ID: info.id,
    Containers: counts.containers.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: counts.containers.length - running - paused,
    Images: counts.images,
    Driver: 'overlay2',
    DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
    Plugins: {
      Volume: counts.volumeDrivers,
      // A plugin is one of them for as long as there is a network of its.
      Network: [...new Set(['bridge', 'host', 'ipvlan', 'macvlan', 'null', ...counts.networkDrivers])].sort(),
      Authorization: null,
      Log: ['fluentd', 'gelf', 'journald', 'json-file', 'local', 'syslog'],
    },
    ...limitSupport(),
    ...(version < 50 && { BridgeNfIptables: false, BridgeNfIp6tables: false }),
    IPv4Forwarding: info.ipv4Forwarding,
    Debug: info.debug,
    NFd: 0,
    OomKillDisable: info.cgroupVersion === '1',
    NGoroutines: 0,
    SystemTime: timeText(Date.now()),
    LoggingDriver: info.loggingDriver,
    CgroupDriver: info.cgroupDriver,
    CgroupVersion: info.cgroupVersion,
    NEventsListener: 0,
    KernelVersion: info.kernelVersion,
    OperatingSystem: info.operatingSystem,
    OSVersion: info.osVersion,
    OSType: 'linux',
    Architecture: kernelArchitecture(),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: presentRegistries(info),
    NCPU: info.cpus,
    MemTotal: info.memory,
    GenericResources: null,
    DockerRootDir: info.dataRoot,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Name: info.name,
    Labels: info.labels,
    ExperimentalBuild: false,
    ServerVersion: productVersion,
    Runtimes: { [info.runtimeName]: runtime },
    DefaultRuntime: info.runtimeName,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    // Containers and names go on while the daemon restarts: what the flag asks for is always so.
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'docker-init',
    ContainerdCommit: { ID: info.containerdVersion, ...(version < 49 && { Expected: '' }) },
    RuncCommit: { ID: info.runtimeVersion, ...(version < 49 && { Expected: '' }) },
    InitCommit: { ID: '', ...(version < 49 && { Expected: '' }) },
    SecurityOptions: securityOptions(info),
    DefaultAddressPools: info.defaultAddressPools.map(({ base, size }) => ({ Base: base, Size: size })),
    ...(version >= 49 && { FirewallBackend: { Driver: 'nftables' } }),
    CDISpecDirs: [],
    ...(version >= 46 && {
      Containerd: { Address: info.containerdSocket, Namespaces: { Containers: 'fairlead', Plugins: '' } },
    }),
    Warnings: info.warnings.length > 0 ? info.warnings : null,
  };
}

function securityOptions({ cgroupVersion, userNamespaces, appArmor }: SystemInfo): string[] {
  return [
    ...(appArmor ? ['name=apparmor'] : []),
    'name=seccomp,profile=builtin',
    ...(userNamespaces ? ['name=userns'] : []),
    ...(cgroupVersion === '2' ? ['name=cgroupns'] : []),
  ];
}

/** Limits of a container that are enforced. */
function limitSupport() {
  return {
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
