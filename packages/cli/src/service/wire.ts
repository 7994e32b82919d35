import type { Fields, Meta, Texts } from '../swarm/wire.ts';

/** Services as the Docker Engine API has them, as far as the command reads or writes them. */

/** `EndpointPortConfig`. */
export interface ServicePort {
  readonly Name?: string;
  readonly Protocol?: string;
  readonly TargetPort?: number;
  readonly PublishedPort?: number;
  readonly PublishMode?: string;
}

/** A secret or a config that a service uses: `SecretName` or `ConfigName`, with its id. */
export interface FileReference {
  readonly File?: { readonly Name: string; readonly UID: string; readonly GID: string; readonly Mode: number };
  readonly SecretID?: string;
  readonly SecretName?: string;
  readonly ConfigID?: string;
  readonly ConfigName?: string;
  readonly Runtime?: Fields;
}

/** `Mount`. */
export interface ServiceMount extends Fields {
  readonly Type?: string;
  readonly Source?: string;
  readonly Target?: string;
  readonly ReadOnly?: boolean;
}

/** `Ulimit`. */
export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

/** How a container's health is looked after; times in nanoseconds. */
export interface HealthCheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** `TaskTemplate.ContainerSpec`. */
export interface ContainerSpec {
  readonly Image?: string;
  readonly Labels?: Texts | null;
  readonly Command?: readonly string[] | null;
  readonly Args?: readonly string[] | null;
  readonly Hostname?: string;
  readonly Env?: readonly string[] | null;
  readonly Dir?: string;
  readonly User?: string;
  readonly Groups?: readonly string[] | null;
  readonly Privileges?: Fields | null;
  readonly Init?: boolean | null;
  readonly StopSignal?: string;
  readonly TTY?: boolean;
  readonly OpenStdin?: boolean;
  readonly ReadOnly?: boolean;
  readonly Mounts?: readonly ServiceMount[] | null;
  readonly StopGracePeriod?: number | null;
  readonly Healthcheck?: HealthCheck | null;
  readonly Hosts?: readonly string[] | null;
  readonly DNSConfig?: Readonly<Record<'Nameservers' | 'Search' | 'Options', readonly string[] | undefined>> | null;
  readonly Secrets?: readonly FileReference[] | null;
  readonly Configs?: readonly FileReference[] | null;
  readonly Isolation?: string;
  readonly Sysctls?: Texts | null;
  readonly CapabilityAdd?: readonly string[] | null;
  readonly CapabilityDrop?: readonly string[] | null;
  readonly Ulimits?: readonly Ulimit[] | null;
  readonly OomScoreAdj?: number;
}

/** A resource that only the administrator knows. */
export interface GenericResource {
  readonly DiscreteResourceSpec?: { readonly Kind: string; readonly Value: number };
  readonly NamedResourceSpec?: { readonly Kind: string; readonly Value: string };
}

/** `TaskTemplate.Resources`. */
export interface Resources {
  readonly Limits?: { readonly NanoCPUs?: number; readonly MemoryBytes?: number; readonly Pids?: number } | null;
  readonly Reservations?: {
    readonly NanoCPUs?: number;
    readonly MemoryBytes?: number;
    readonly GenericResources?: readonly GenericResource[] | null;
  } | null;
}

/** `TaskTemplate.RestartPolicy`; times in nanoseconds. */
export interface RestartPolicy {
  readonly Condition?: string;
  readonly Delay?: number | null;
  readonly MaxAttempts?: number | null;
  readonly Window?: number | null;
}

/** `TaskTemplate.Placement`. */
export interface Placement {
  readonly Constraints?: readonly string[] | null;
  readonly Preferences?: readonly { readonly Spread?: { readonly SpreadDescriptor: string } }[] | null;
  readonly MaxReplicas?: number;
  readonly Platforms?: readonly { readonly Architecture?: string; readonly OS?: string }[] | null;
}

/** A network that tasks are on. */
export interface Attachment {
  readonly Target?: string;
  readonly Aliases?: readonly string[] | null;
  readonly DriverOpts?: Texts | null;
}

/** `TaskTemplate`. */
export interface TaskTemplate {
  readonly ContainerSpec?: ContainerSpec | null;
  readonly Resources?: Resources | null;
  readonly RestartPolicy?: RestartPolicy | null;
  readonly Placement?: Placement | null;
  readonly Networks?: readonly Attachment[] | null;
  readonly LogDriver?: { readonly Name?: string; readonly Options?: Texts | null } | null;
  readonly ForceUpdate?: number;
  readonly Runtime?: string;
}

/** `UpdateConfig` and `RollbackConfig`; times in nanoseconds. */
export interface UpdateConfig {
  readonly Parallelism?: number;
  readonly Delay?: number;
  readonly FailureAction?: string;
  readonly Monitor?: number;
  readonly MaxFailureRatio?: number;
  readonly Order?: string;
}

/** `Mode` of a service: one of these. */
export interface ServiceMode {
  readonly Replicated?: { readonly Replicas?: number | null } | null;
  readonly Global?: Fields | null;
  readonly ReplicatedJob?: { readonly MaxConcurrent?: number | null; readonly TotalCompletions?: number | null } | null;
  readonly GlobalJob?: Fields | null;
}

/** `ServiceSpec`. */
export interface ServiceSpec {
  readonly Name?: string;
  readonly Labels?: Texts | null;
  readonly TaskTemplate: TaskTemplate;
  readonly Mode?: ServiceMode;
  readonly UpdateConfig?: UpdateConfig | null;
  readonly RollbackConfig?: UpdateConfig | null;
  readonly EndpointSpec?: { readonly Mode?: string; readonly Ports?: readonly ServicePort[] | null } | null;
}

/** `Service`. */
export interface Service extends Meta {
  readonly Spec: ServiceSpec;
  readonly Endpoint?: {
    readonly Spec?: { readonly Mode?: string };
    readonly Ports?: readonly ServicePort[] | null;
  };
  readonly UpdateStatus?: {
    readonly State?: string;
    readonly StartedAt?: string;
    readonly CompletedAt?: string;
    readonly Message?: string;
  };
  readonly ServiceStatus?: {
    readonly RunningTasks: number;
    readonly DesiredTasks: number;
    readonly CompletedTasks: number;
  };
  readonly JobStatus?: { readonly JobIteration?: { readonly Index?: number } };
}
