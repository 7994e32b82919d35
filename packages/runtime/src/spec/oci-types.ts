/**
 * The OCI runtime spec as JSON: the part that Fairlead writes (opencontainers/runtime-spec, config.md and
 * config-linux.md). Names are the spec's own.
 */
export type OciSpec = {
  readonly ociVersion: string;
  readonly process: OciProcess;
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly hostname?: string;
  readonly mounts: readonly OciMount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux: OciLinux;
};

/** The process to run. */
export type OciProcess = {
  readonly terminal?: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: OciUser;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: OciCapabilities;
  readonly rlimits?: readonly OciRlimit[];
  readonly noNewPrivileges?: boolean;
  readonly oomScoreAdj?: number;
  readonly apparmorProfile?: string;
};

/** Who a process runs as. */
export type OciUser = {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids?: readonly number[];
};

/** Capability sets, by name with `CAP_`. */
export type OciCapabilities = {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable?: readonly string[];
  readonly ambient?: readonly string[];
};

/** A resource limit; `type` as in `RLIMIT_NOFILE`. -1 is written as RLIM_INFINITY. */
export type OciRlimit = { readonly type: string; readonly hard: number; readonly soft: number };

/** A mount in the container. */
export type OciMount = {
  readonly destination: string;
  readonly type?: string;
  readonly source: string;
  readonly options: readonly string[];
};

/** A device node. `fileMode` is a number, not octal text. */
export type OciDevice = {
  readonly type: 'c' | 'b' | 'p';
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
};

/** A rule of the devices control group; absent numbers mean any. */
export type OciDeviceRule = {
  readonly allow: boolean;
  readonly type?: 'a' | 'c' | 'b';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
};

/** Limits of a control group. Only what is set is sent. */
export type LinuxResources = {
  readonly devices?: readonly OciDeviceRule[];
  readonly memory?: {
    readonly limit?: number;
    readonly reservation?: number;
    readonly swap?: number;
    readonly swappiness?: number;
    readonly disableOOMKiller?: boolean;
  };
  readonly cpu?: {
    readonly shares?: number;
    readonly quota?: number;
    readonly period?: number;
    readonly realtimeRuntime?: number;
    readonly realtimePeriod?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
  readonly pids?: { readonly limit: number };
  readonly blockIO?: {
    readonly weight?: number;
    readonly throttleReadBpsDevice?: readonly OciThrottle[];
    readonly throttleWriteBpsDevice?: readonly OciThrottle[];
    readonly throttleReadIOPSDevice?: readonly OciThrottle[];
    readonly throttleWriteIOPSDevice?: readonly OciThrottle[];
  };
};

/** A limit for one block device; `rate` in bytes or operations per second. */
export type OciThrottle = { readonly major: number; readonly minor: number; readonly rate: number };

/** A namespace: a new one, or with `path` an existing one. */
export type OciNamespace = {
  readonly type: 'mount' | 'network' | 'uts' | 'pid' | 'ipc' | 'cgroup' | 'user';
  readonly path?: string;
};

/** Users or groups of a user namespace. */
export type OciIdMapping = { readonly containerID: number; readonly hostID: number; readonly size: number };

/** The Linux part. */
export type OciLinux = {
  readonly namespaces: readonly OciNamespace[];
  readonly uidMappings?: readonly OciIdMapping[];
  readonly gidMappings?: readonly OciIdMapping[];
  readonly devices?: readonly OciDevice[];
  readonly cgroupsPath: string;
  readonly resources: LinuxResources;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly seccomp?: OciSeccomp;
  readonly rootfsPropagation?: string;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
};

/** A seccomp filter. */
export type OciSeccomp = {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls: readonly OciSyscall[];
};

/** What happens to some system calls, when all of `args` match. */
export type OciSyscall = {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly OciSyscallArgument[];
};

/** A comparison of one argument, by its index. */
export type OciSyscallArgument = {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
};
