import type { PortPolicies } from '@fairlead/base';
import type { EndpointConfig, PortBinding } from '@fairlead/network';
import type { Json } from '../../json.ts';
import type { MountRequest } from '../../volume/volume-model.ts';
import type { HealthcheckConfig } from '../health/health-model.ts';

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
  /** A service's: it may be on networks that others cannot be on. */
  readonly isTask?: true;
  readonly host: HostConfig;
  /** Networks asked for, in the order in which their interfaces come up. */
  readonly networks: readonly NetworkAttachment[];
  /**
   * The request's `Config` and `HostConfig` fields that this version stores and shows but does not act on, by wire name.
   */
  readonly other: { readonly config: Readonly<Record<string, Json>>; readonly host: Readonly<Record<string, Json>> };
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
