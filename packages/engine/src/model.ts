import type { PortPolicies } from '@fairlead/base';
import type { EndpointConfig, PortBinding } from '@fairlead/network';

/** A JSON value that the engine stores and gives back without looking into it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** How a container was asked for; never changes after creation, apart from its networks. */
export interface ContainerConfig {
  readonly image: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly user: string;
  readonly workingDir: string;
  readonly env: readonly string[];
  /** `null` means the image's. */
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
  /** `80/tcp` and the like. */
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  readonly stopSignal?: string;
  /** Seconds. */
  readonly stopTimeout?: number;
  readonly healthcheck?: HealthcheckConfig;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly networkDisabled: boolean;
  readonly host: HostConfig;
  /** Networks asked for, in the order in which their interfaces come up. */
  readonly networks: readonly NetworkAttachment[];
  /**
   * The request's `Config` and `HostConfig` fields that this version stores and shows but does not act on, by wire name.
   */
  readonly other: { readonly config: Readonly<Record<string, Json>>; readonly host: Readonly<Record<string, Json>> };
}

/** How it is found out whether a container does its work. Durations are nanoseconds; 0 means Docker's default. */
export interface HealthcheckConfig {
  /** `NONE`, or `CMD` and the words of a command, or `CMD-SHELL` and a line for the shell; empty means the image's. */
  readonly test: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  /** Failures in a row that make it unhealthy; 0 means Docker's default. */
  readonly retries: number;
}

/** One network that a container asked for. */
export interface NetworkAttachment {
  /** Name or id, as it was asked for; resolved at start. */
  readonly network: string;
  readonly config: EndpointConfig;
}

/** The part of a container that concerns the machine it runs on. */
export interface HostConfig {
  /** `bridge`, `host`, `none`, `container:<id>` or a network's name. */
  readonly networkMode: string;
  readonly portBindings: readonly PortBinding[];
  /** Who may ask for ports whose binding does not say, by container port; from the container's labels. */
  readonly portPolicies?: PortPolicies;
  /** Names of services by container port, `80/tcp`, in the place of the host's; from the container's labels. */
  readonly portServices?: Readonly<Record<string, readonly string[]>>;
  readonly publishAllPorts: boolean;
  /** `source:destination[:options]`. */
  readonly binds: readonly string[];
  readonly mounts: readonly MountRequest[];
  /** What is mounted below its read-only mounts stays writable: clients from before API 1.44 expect that. */
  readonly readOnlyNonRecursive?: true;
  /** Containers whose mounts it takes over: `NAME[:ro]`. */
  readonly volumesFrom?: readonly string[];
  /** Driver of volumes that name none. */
  readonly volumeDriver?: string;
  /** Path to options. */
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly autoRemove: boolean;
  readonly privileged: boolean;
  readonly readonlyRootfs: boolean;
  /** Absent when nobody said. */
  readonly init?: boolean;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOptions: readonly string[];
  readonly groupAdd: readonly string[];
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly extraHosts: readonly string[];
  readonly links: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly devices: readonly {
    readonly pathOnHost: string;
    readonly pathInContainer: string;
    readonly permissions: string;
  }[];
  readonly pidMode: string;
  readonly ipcMode: string;
  readonly utsMode: string;
  readonly cgroupParent: string;
  /** Bytes. */
  readonly shmSize: number;
  readonly oomScoreAdjust: number;
  readonly restartPolicy: { readonly name: string; readonly maximumRetryCount: number };
  readonly logConfig: { readonly type: string; readonly options: Readonly<Record<string, string>> };
  readonly limits: ResourceLimits;
}

/** cgroup limits; 0 or absent means none. */
export interface ResourceLimits {
  /** Bytes. */
  readonly memory?: number;
  readonly memoryReservation?: number;
  /** Bytes, memory and swap together; -1 means unlimited swap. */
  readonly memorySwap?: number;
  /** Billionths of a CPU. */
  readonly nanoCpus?: number;
  readonly cpuShares?: number;
  /** Microseconds. */
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pids?: number;
  readonly blkioWeight?: number;
  readonly oomKillDisable?: boolean;
}

/** A `--mount`. */
export interface MountRequest {
  readonly type: 'bind' | 'volume' | 'image' | 'tmpfs';
  /** Path on the host, name of a volume, or an image. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly propagation?: string;
  /** What it asks of a cache that there is none of on Linux: shown again. */
  readonly consistency?: string;
  readonly bind?: BindMountOptions;
  /** Bytes, for tmpfs. */
  readonly size?: number;
  /** Of the root of a tmpfs; absent leaves them to the kernel. */
  readonly permissions?: number;
  /** Further options of a tmpfs, each a name, or a name and a value. */
  readonly tmpfsOptions?: readonly (readonly string[])[];
  readonly volume?: VolumeMountOptions;
  readonly image?: ImageMountOptions;
}

/** What a `--mount type=bind` says besides its propagation. */
export interface BindMountOptions {
  /** Leave out what is mounted below the source. */
  readonly nonRecursive: boolean;
  /** Make the source when it is not there. */
  readonly createMountpoint: boolean;
  /** Of a read-only mount: leave writable what is mounted below the source. */
  readonly readOnlyNonRecursive: boolean;
  /** Of a read-only mount: rather do not start than leave that writable. */
  readonly readOnlyForceRecursive: boolean;
}

/** What a `--mount type=volume` says of its volume. */
export interface VolumeMountOptions {
  /** Leave an empty volume empty. */
  readonly noCopy: boolean;
  /** For a volume that has to be made. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly driver?: { readonly name: string; readonly options?: Readonly<Record<string, string>> };
  /** Directory of the volume that is mounted in its place; empty means its root. */
  readonly subpath: string;
}

/** What a `--mount type=image` says of its image. */
export interface ImageMountOptions {
  /** File or directory of the image that is mounted in its place; empty means its root. */
  readonly subpath: string;
}

/** An image that a container has mounted: its name may mean another one later. */
export interface MountedImage {
  readonly id: string;
  /** Chain ID of its uppermost layer; '' for one without layers. */
  readonly chainId: string;
}

/** A mount of a container, settled when that is made. */
export interface ContainerMount extends MountRequest {
  /** Options as inspect shows them. */
  readonly mode: string;
  /** Name of the volume; absent for binds and tmpfs. An anonymous one has no `source`. */
  readonly volumeName?: string;
  /** Driver of the volume; absent in containers made before there were others than `local`. */
  readonly driver?: string;
  readonly mountedImage?: MountedImage;
  /** The image's content is still to be copied into the volume. */
  readonly awaitsContent?: true;
}

/** A volume as the store holds it: a directory of its own, what its options mount there, or a plugin's. */
export interface Volume {
  /** Its name. */
  readonly id: string;
  /** `local`, or a plugin: the volume is in that one's books, and this is what was said when it was made. */
  readonly driver: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** `null` when nobody asked for any, which clients tell from none. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>> | null;
  /** Where its plugin has said last that the content is. */
  readonly mountpoint?: string;
}

/** Where a container is in its life. */
export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** What changes while a container lives. Times are milliseconds since the epoch. */
export interface ContainerState {
  readonly status: ContainerStatus;
  /** 0 when no process runs. */
  readonly pid: number;
  readonly exitCode: number;
  /** Why the last start failed. */
  readonly error: string;
  readonly oomKilled: boolean;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Restarts by its policy since somebody started it. */
  readonly restartCount: number;
  /** Its removal has begun, and its anonymous volumes go with it. */
  readonly removesVolumes?: boolean;
  /** Milliseconds that the last restart waited, or that the next one waits; 0 or absent before the first. */
  readonly restartDelay?: number;
  /** Somebody has sent it a signal since it was started by hand: `unless-stopped` leaves it alone from then on. */
  readonly manuallyStopped?: boolean;
  /** That signal asked for its end: no policy brings it back as long as the daemon runs. */
  readonly endRequested?: boolean;
  /** Absent when nothing checks it, and before the first start. */
  readonly health?: Health;
}

/** What its health checks say of a container. */
export interface Health {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  /** Failures in a row. */
  readonly failingStreak: number;
  /** The last five, oldest first. */
  readonly log: readonly ProbeResult[];
}

/** How one health check went. Times are milliseconds since the epoch. */
export interface ProbeResult {
  readonly start: number;
  readonly end: number;
  /** -1 when it did not end in time or could not be run. */
  readonly exitCode: number;
  readonly output: string;
}

/** A container as the store holds it. */
export interface Container {
  readonly id: string;
  readonly name: string;
  readonly created: number;
  readonly imageId: string;
  /** Ports that the image exposes, `80/tcp`; absent for those made before this was kept. */
  readonly imagePorts?: readonly string[];
  readonly config: ContainerConfig;
  readonly state: ContainerState;
  /** Absent for those made before there were volumes: theirs are what `config` asks for. */
  readonly mounts?: readonly ContainerMount[];
  /** Sandbox while it runs; for `container:` mode the donor's. */
  readonly sandbox?: string;
  /** The profile of AppArmor that holds its processes since the last start; absent where the host has no AppArmor. */
  readonly appArmorProfile?: string;
  /** Resolved executable and its arguments, from request and image. */
  readonly path: string;
  readonly args: readonly string[];
  /** Environment with the image's. */
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  /** A build runs one of its steps in it: it has no life beyond that. */
  readonly isBuildStep?: true;
}

/** A local image. */
export interface Image {
  /** `sha256:` and the digest of the config. */
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** When it was given a name last that it still has; absent for one without names. Milliseconds since the epoch. */
  readonly lastNamed?: number;
  /** Bytes of the unpacked layers. */
  readonly size: number;
  readonly architecture: string;
  readonly os: string;
  readonly layers: readonly string[];
  /** Bytes that each of them takes, unpacked. */
  readonly layerSizes: readonly number[];
  /** ID of the image that it was built on here. */
  readonly parent?: string;
  /** Others were built on it. */
  readonly isParent?: true;
  /** The image's config blob, by its own (OCI) names. */
  readonly config: Readonly<Record<string, Json>>;
}

/** Something that happened. */
export interface EngineEvent {
  readonly type: 'container' | 'image' | 'network' | 'volume' | 'builder' | 'daemon';
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
}

/** A process started in a running container by exec. */
export interface Exec {
  readonly id: string;
  readonly container: string;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly privileged: boolean;
  readonly tty: boolean;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly detachKeys: string;
  /** Of its terminal when it starts. */
  readonly size?: { readonly rows: number; readonly columns: number };
  readonly running: boolean;
  readonly exitCode: number | null;
  readonly pid: number;
}
