import type { Driver } from '../model.ts';

/** A network that tasks are on. */
export interface NetworkAttachmentConfig {
  /** Name or ID, as it was asked for. */
  readonly target?: string;
  readonly aliases?: readonly string[];
  readonly driverOpts?: Readonly<Record<string, string>>;
}

/** A file in the container of a task. */
export interface FileTarget {
  /** Name below /run/secrets or /, or an absolute path. */
  readonly name: string;
  readonly uid: string;
  readonly gid: string;
  /** Permission bits. */
  readonly mode: number;
}

/** A secret that a task has. */
export interface SecretReference {
  readonly file?: FileTarget;
  readonly secretId: string;
  readonly secretName: string;
}

/** A config that a task has. */
export interface ConfigReference {
  readonly file?: FileTarget;
  readonly runtime?: Readonly<Record<never, never>>;
  readonly configId: string;
  readonly configName: string;
}

/** A `--mount` of a service. */
export interface MountSpec {
  readonly type?: string;
  readonly source?: string;
  readonly target?: string;
  readonly readOnly?: boolean;
  readonly consistency?: string;
  readonly bindOptions?: {
    readonly propagation?: string;
    readonly nonRecursive?: boolean;
    readonly createMountpoint?: boolean;
    readonly readOnlyNonRecursive?: boolean;
    readonly readOnlyForceRecursive?: boolean;
  };
  readonly volumeOptions?: {
    readonly noCopy?: boolean;
    readonly labels?: Readonly<Record<string, string>>;
    readonly driverConfig?: { readonly name?: string; readonly options?: Readonly<Record<string, string>> };
    readonly subpath?: string;
  };
  readonly tmpfsOptions?: { readonly sizeBytes?: number; readonly mode?: number };
}

/** How a container is checked. Durations are nanoseconds. */
export interface HealthSpec {
  readonly test?: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

/** What the container of a task is to be like. */
export interface ContainerSpec {
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Takes the entrypoint's place. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly hostname?: string;
  readonly env?: readonly string[];
  readonly dir?: string;
  readonly user?: string;
  readonly groups?: readonly string[];
  /** What SELinux and Windows make of it. */
  readonly privileges?: {
    readonly credentialSpec?: { readonly config: string; readonly file: string; readonly registry: string };
    readonly selinuxContext?: {
      readonly disable: boolean;
      readonly user: string;
      readonly role: string;
      readonly type: string;
      readonly level: string;
    };
  };
  readonly init?: boolean;
  readonly stopSignal?: string;
  readonly tty?: boolean;
  readonly openStdin?: boolean;
  readonly readOnly?: boolean;
  readonly mounts?: readonly MountSpec[];
  /** Nanoseconds. */
  readonly stopGracePeriod?: number;
  readonly healthcheck?: HealthSpec;
  /** Lines of /etc/hosts: address, names. */
  readonly hosts?: readonly string[];
  readonly dnsConfig?: {
    readonly nameservers?: readonly string[];
    readonly search?: readonly string[];
    readonly options?: readonly string[];
  };
  readonly secrets?: readonly SecretReference[];
  readonly configs?: readonly ConfigReference[];
  readonly isolation?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly capabilityAdd?: readonly string[];
  readonly capabilityDrop?: readonly string[];
  readonly ulimits?: readonly { readonly name: string; readonly hard: number; readonly soft: number }[];
  /** How readily its processes are ended for want of memory: -1000 to 1000. */
  readonly oomScoreAdj?: number;
}

/** What a task may use at most. */
export interface Limit {
  readonly nanoCpus?: number;
  /** Bytes. */
  readonly memoryBytes?: number;
  readonly pids?: number;
}

/** What is kept for a task. */
export interface Reservation {
  readonly nanoCpus?: number;
  /** Bytes. */
  readonly memoryBytes?: number;
  /** Nodes have none: a task that asks for one stays pending. */
  readonly genericResources?: readonly {
    readonly namedResourceSpec?: { readonly kind?: string; readonly value?: string };
    readonly discreteResourceSpec?: { readonly kind?: string; readonly value?: number };
  }[];
}

/** When a task that has ended is followed by another one. Durations are nanoseconds. */
export interface RestartPolicy {
  readonly condition?: 'none' | 'on-failure' | 'any';
  readonly delay?: number;
  readonly maxAttempts?: number;
  readonly window?: number;
}

/** Where tasks may run. */
export interface Placement {
  readonly constraints?: readonly string[];
  readonly preferences?: readonly { readonly spread?: { readonly spreadDescriptor: string } }[];
  readonly maxReplicas?: number;
  readonly platforms?: readonly { readonly architecture?: string; readonly os?: string }[];
}

/** What a task is to be like. */
export interface TaskSpec {
  readonly containerSpec?: ContainerSpec;
  readonly resources?: { readonly limits?: Limit; readonly reservations?: Reservation };
  readonly restartPolicy?: RestartPolicy;
  readonly placement?: Placement;
  readonly networks?: readonly NetworkAttachmentConfig[];
  readonly logDriver?: Driver;
  /** Goes up when all tasks are to be replaced although nothing else has changed. */
  readonly forceUpdate: number;
  readonly runtime?: string;
}
