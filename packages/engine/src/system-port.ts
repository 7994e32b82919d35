/** Facts about the engine, for `info` and `version`. */
export interface SystemInfo {
  readonly id: string;
  readonly name: string;
  readonly dataRoot: string;
  readonly containerdVersion: string;
  readonly containerdSocket: string;
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly kernelVersion: string;
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly cgroupVersion: '1' | '2';
  readonly cgroupDriver: string;
  /** Users of containers are others on the host. */
  readonly userNamespaces: boolean;
  /** Of containers that name none: a path, `builtin` or `unconfined`. */
  readonly seccompProfile: string;
  /** Names of plugins that are asked about every request. */
  readonly authorizationPlugins: readonly string[];
  /** Containers are held by profiles of AppArmor. */
  readonly appArmor: boolean;
  readonly cpus: number;
  readonly memory: number;
  readonly debug: boolean;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  /** Whom the engine asks through, without passwords. */
  readonly proxies: { readonly http?: string; readonly https?: string; readonly none?: string };
  readonly defaultAddressPools: readonly { readonly base: string; readonly size: number }[];
  readonly labels: readonly string[];
  /** Of containers that ask for none in particular. */
  readonly loggingDriver: string;
  /** The host passes IPv4 packets on, or will as soon as a network needs it. */
  readonly ipv4Forwarding: boolean;
  readonly warnings: readonly string[];
}
