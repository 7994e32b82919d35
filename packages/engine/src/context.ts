import type { IdentityMapping, Logger } from '@fairlead/base';
import type { NetworkController } from '@fairlead/network';
import type { ProxySettings } from '@fairlead/registry';
import type { Containerd, HostFacts, PipeCalls, RealtimeShare, RuntimeOptions } from '@fairlead/runtime';
import type { Store } from '@fairlead/store';
import type { ContainerDefaults } from './container/configuration/container-defaults.ts';
import type { EventLog } from './event-log.ts';
import type { FileCalls } from './files/file-calls.ts';
import type { Images } from './image/image-service.ts';
import type { LogConfig } from './log/log-options.ts';
import type { VolumePluginPort } from './volume/remote/volume-plugin-port.ts';

/** Keeps a pipe's reading end open in a process that outlives the daemon, so that nothing written meanwhile is lost. */
export interface OutputKeeper {
  hold(path: string): Promise<void>;
  release(path: string): Promise<void>;
}

/** A socket that datagrams go out of, to one other of this machine. */
export interface UnixDatagram extends Disposable {
  /** @returns false when the receiver has no room yet. @throws Error when it is gone. */
  send(bytes: Uint8Array): boolean;
}

/** Connects to the datagram socket at a path. */
export type OpenUnixDatagram = (path: string) => UnixDatagram;

/** File systems of the host. */
export interface FileSystems {
  /** @throws Error in the words of Docker's mounts. */
  mount(request: {
    readonly source: string;
    readonly target: string;
    readonly type: string;
    /** As mount(8) takes them after `-o`. */
    readonly options: string;
  }): Promise<void>;
  /** Nothing mounted there is success; who still uses it keeps it until it lets go. */
  unmount(target: string): void;
  /** Every path on which something is mounted, in the order in which it was. */
  mountPoints(): readonly string[];
}

/** What the operator decides about containers. */
export interface EngineSettings {
  /** Survives a reboot: containers' files and logs. */
  readonly dataRoot: string;
  /** Does not: pipes. */
  readonly execRoot: string;
  /** Servers, search list and options for containers that name none. */
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
  /** What `host-gateway` stands for in `--add-host`; absent means the default bridge's gateways. */
  readonly hostGateways: readonly string[];
  /** Tell containers of those whom they link to by variables, as Docker did before version 29. */
  readonly legacyLinkVariables?: boolean;
  /** Control group of containers that name none; '' means `fairlead`. */
  readonly cgroupParent: string;
  /** Who users and groups of containers are on the host; absent where they are the same. */
  readonly identities?: IdentityMapping;
  /** Seconds that all containers together get at the end of the machine; see `shutdownTimeout`. */
  readonly shutdownTimeout: () => number;
  /** Put back at once what somebody takes from the network; otherwise with the next start. */
  readonly selfRepair: boolean;
  /** True while the host does not forward IPv4, and it is the operator's wish that nothing is done about it. */
  readonly isForwardingLacking?: () => boolean;
  readonly runtime: RuntimeOptions;
  /** The log of containers that ask for none in particular. */
  readonly log: LogConfig;
  /** Absent where the operator has said nothing. */
  readonly containerDefaults?: ContainerDefaults;
  /** Text of the seccomp profile of containers that name none, or `unconfined`; absent means Docker's. */
  readonly seccompProfile?: string | undefined;
  /** Real-time CPU that containers get together; absent means that nothing is done about it. */
  readonly realtime?: RealtimeShare | undefined;
  /** Whom the engine asks through for images and for what is at a URL. */
  readonly proxies?: ProxySettings;
}

/** What the parts of the engine work with. */
export interface EngineContext {
  readonly store: Store;
  readonly containerd: Containerd;
  readonly network: NetworkController;
  readonly images: Images;
  readonly events: EventLog;
  readonly keeper: OutputKeeper;
  readonly pipeCalls: PipeCalls;
  readonly fileSystems: FileSystems;
  readonly files: FileCalls;
  /** Absolute path of a pinned network namespace. */
  readonly namespacePath: (name: string) => string;
  /** Mount a directory again where what belongs to somebody inside of the mapping belongs to the one outside. */
  readonly mountWithIdentities: (source: string, target: string, mapping: IdentityMapping) => void;
  /** The user namespace that a pinned network namespace belongs to; its path is good until the disposal. */
  readonly openOwner: (name: string) => { readonly path: string } & Disposable;
  readonly openUnixDatagram: OpenUnixDatagram;
  /** Loaded with the first one that is needed. */
  readonly volumePlugins: () => Promise<VolumePluginPort>;
  /** Runs work so that what it does to the kernel is recorded under one name. */
  readonly operation: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly host: HostFacts;
  readonly settings: EngineSettings;
  readonly logger: Logger;
}
