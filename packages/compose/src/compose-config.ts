/**
 * What Compose files say, in one form: names as in the files, lists and mappings where there was a choice, keys in docker's
 * order, nothing that is empty. `stack config` prints it as it is.
 */
export interface ComposeConfig {
  readonly version: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks?: Readonly<Record<string, ComposeNetwork>>;
  readonly volumes?: Readonly<Record<string, ComposeVolume>>;
  readonly secrets?: Readonly<Record<string, ComposeFile>>;
  readonly configs?: Readonly<Record<string, ComposeFile>>;
  /** Extensions, `x-…`. */
  readonly [extension: string]: unknown;
}

/** Texts by name. */
export type Texts = Readonly<Record<string, string>>;

/** A secret or a config that a service uses. */
export interface ComposeFileReference {
  readonly source: string;
  readonly target?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly mode?: number;
}

/** A published port. */
export interface ComposePort {
  readonly mode?: string;
  readonly target?: number;
  readonly published?: number;
  readonly protocol?: string;
}

/** A mount. */
export interface ComposeMount {
  readonly type?: string;
  readonly source?: string;
  readonly target?: string;
  readonly read_only?: boolean;
  readonly consistency?: string;
  readonly bind?: { readonly propagation?: string };
  readonly volume?: { readonly nocopy?: boolean; readonly subpath?: string };
  readonly image?: { readonly subpath?: string };
  readonly tmpfs?: { readonly size?: number };
}

/** How tasks are replaced; spans are texts of Go's. */
export interface ComposeUpdate {
  readonly parallelism?: number;
  readonly delay?: string;
  readonly failure_action?: string;
  readonly monitor?: string;
  readonly max_failure_ratio?: number;
  readonly order?: string;
}

/** `deploy` of a service. */
export interface ComposeDeploy {
  readonly mode?: string;
  readonly replicas?: number;
  readonly labels?: Texts;
  readonly update_config?: ComposeUpdate;
  readonly rollback_config?: ComposeUpdate;
  readonly resources?: {
    readonly limits?: { readonly cpus?: string; readonly memory?: string; readonly pids?: number };
    readonly reservations?: {
      readonly cpus?: string;
      readonly memory?: string;
      readonly generic_resources?: readonly {
        readonly discrete_resource_spec?: { readonly kind: string; readonly value: number };
      }[];
    };
  };
  readonly restart_policy?: {
    readonly condition?: string;
    readonly delay?: string;
    readonly max_attempts?: number;
    readonly window?: string;
  };
  readonly placement?: {
    readonly constraints?: readonly string[];
    readonly preferences?: readonly { readonly spread?: string }[];
    readonly max_replicas_per_node?: number;
  };
  readonly endpoint_mode?: string;
}

/** A service. */
export interface ComposeService {
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly command?: readonly string[];
  readonly configs?: readonly ComposeFileReference[];
  readonly credential_spec?: { readonly config?: string; readonly file?: string; readonly registry?: string };
  readonly deploy?: ComposeDeploy;
  readonly dns?: readonly string[];
  readonly dns_search?: readonly string[];
  readonly entrypoint?: readonly string[];
  /** `null` for a name that the caller has no variable for. */
  readonly environment?: Readonly<Record<string, string | null>>;
  /** `name:address`. */
  readonly extra_hosts?: readonly string[];
  readonly hostname?: string;
  readonly healthcheck?: {
    readonly test?: readonly string[];
    readonly timeout?: string;
    readonly interval?: string;
    readonly retries?: number;
    readonly start_period?: string;
    readonly start_interval?: string;
    readonly disable?: boolean;
  };
  readonly image?: string;
  readonly init?: boolean;
  readonly isolation?: string;
  readonly labels?: Texts;
  readonly logging?: { readonly driver?: string; readonly options?: Texts };
  readonly networks?: Readonly<Record<string, ComposeAttachment | null>>;
  readonly ports?: readonly ComposePort[];
  readonly read_only?: boolean;
  readonly restart?: string;
  readonly secrets?: readonly ComposeFileReference[];
  readonly stdin_open?: boolean;
  readonly stop_grace_period?: string;
  readonly stop_signal?: string;
  readonly sysctls?: Texts;
  readonly tty?: boolean;
  readonly ulimits?: Readonly<Record<string, number | { readonly soft: number; readonly hard: number }>>;
  readonly user?: string;
  readonly oom_score_adj?: number;
  readonly volumes?: readonly ComposeMount[];
  readonly working_dir?: string;
}

/** A network that a service is on. */
export interface ComposeAttachment {
  readonly aliases?: readonly string[];
  readonly driver_opts?: Texts;
  readonly ipv4_address?: string;
  readonly ipv6_address?: string;
}

/** A network. */
export interface ComposeNetwork {
  readonly name?: string;
  readonly driver?: string;
  readonly driver_opts?: Texts;
  readonly ipam?: { readonly driver?: string; readonly config?: readonly { readonly subnet?: string }[] };
  readonly external?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly labels?: Texts;
}

/** A volume. */
export interface ComposeVolume {
  readonly name?: string;
  readonly driver?: string;
  readonly driver_opts?: Texts;
  readonly external?: boolean;
  readonly labels?: Texts;
}

/** A secret or a config. */
export interface ComposeFile {
  readonly name?: string;
  /** Absolute. */
  readonly file?: string;
  readonly external?: boolean;
  readonly labels?: Texts;
  readonly driver?: string;
  readonly driver_opts?: Texts;
  readonly template_driver?: string;
}
