import type { BuildCacheChoice } from '@fairlead/buildkit';
import type { BoundPort, Endpoint, EndpointConfig, Network, Sandbox } from '@fairlead/network';
import type { BuildKitService } from './build/build-kit-port.ts';
import type { BuildService } from './build/build-port.ts';
import type { DiagnosisService } from './diagnosis-port.ts';
import type { FileService } from './files/file-port.ts';
import type { CommitOptions } from './image/commit-port.ts';
import type { RegistryService } from './image/registry-port.ts';
import type { RemoteArchive } from './image/remote-archive.ts';
import type { MapService } from './map-port.ts';
import type {
  Container,
  ContainerConfig,
  EngineEvent,
  Exec,
  HostConfig,
  Image,
  ResourceLimits,
  Volume,
} from './model.ts';
import type { NetworkService } from './network-port.ts';
import type { Progress, RegistryAuth } from './progress-port.ts';
import type { OperationAccount, Rehearsal } from './rehearsal-port.ts';
import type { ContainerStatistics, StatisticsOptions } from './statistics/statistics-port.ts';

/** A container together with what the network knows of it, as `inspect` shows it. */
export interface ContainerView {
  readonly container: Container;
  readonly image: Image | undefined;
  readonly sandbox: Sandbox | undefined;
  /** Absolute path of the namespace, when it has one. */
  readonly sandboxKey: string;
  readonly bound: readonly BoundPort[];
  /** Ports of the image and of the request that are exposed, `80/tcp`. */
  readonly exposed: readonly string[];
  /** In the order of their interfaces; networks asked for but not joined have no endpoint. */
  readonly networks: readonly AttachmentView[];
  readonly mounts: readonly MountView[];
  /** Files bound into the container. */
  readonly files: {
    readonly hosts: string;
    readonly hostname: string;
    readonly resolvConf: string;
    readonly log: string;
  };
  readonly execs: readonly string[];
  /** What containers that link to this one call it: `web/db`. */
  readonly linkNames: readonly string[];
}

/** One network of a container. */
export interface AttachmentView {
  readonly name: string;
  readonly network: Network | undefined;
  readonly config: EndpointConfig;
  readonly endpoint: Endpoint | undefined;
  readonly dnsNames: readonly string[] | null;
}

/** A mount as the container sees it. */
export interface MountView {
  readonly type: 'bind' | 'volume' | 'image' | 'tmpfs';
  /** Of a volume, or the image as it was asked for. */
  readonly name?: string;
  /** Driver of the volume. */
  readonly driver?: string;
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly readWrite: boolean;
  readonly propagation: string;
}

/** Which streams of a process a client wants, and how. */
export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Replay the log first. */
  readonly logs: boolean;
  readonly stream: boolean;
  readonly detachKeys?: string;
}

/** A client's end of a process's streams. */
export interface AttachedStreams {
  /** Ends when the process has exited and its output has been delivered, or on detach. Its bytes are the reader's own. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Write to standard input; no-op when stdin was not asked for. Resolves when nobody needs `data` any more (back-pressure). */
  write(data: Uint8Array): Promise<void>;
  /** Half-close standard input. */
  end(): Promise<void>;
  /** The client went away, or all output has been delivered: may be called more than once, and after the end. */
  detach(): void;
  readonly tty: boolean;
}

/** A piece of output. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

/** One line of a container's log; `data` keeps its newline. */
export interface LogLine extends OutputChunk {
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  /** What the log says about the container, as its options `labels`, `env` and `tag` ask. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Which lines of a log are wanted. Times are nanoseconds since the epoch. */
export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  /** Lines from the end; absent means all. */
  readonly tail?: number;
  readonly since?: bigint;
  readonly until?: bigint;
}

/** What `wait` waits for. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** What shall be different about a container; what is absent stays. */
export interface ContainerUpdate {
  /** `pids` of 0 takes that limit away. */
  readonly limits: ResourceLimits;
  readonly restartPolicy?: HostConfig['restartPolicy'];
}

/** How a wait ended. */
export interface WaitResult {
  readonly exitCode: number;
  readonly error?: string;
}

/** What a removal did to images. */
export type ImageRemoval =
  | { readonly untagged: string }
  /** `size` is the bytes that came free, for a layer. */
  | { readonly deleted: string; readonly size?: number };

/** Containers: their whole life. Every method that takes a `reference` takes a name, an id or the beginning of one. */
export interface ContainerService {
  create(
    request: ContainerConfig & { readonly name?: string },
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  start(reference: string): Promise<void>;
  /** @param timeout seconds; absent means the container's own, -1 means for ever. */
  stop(reference: string, options?: { readonly timeout?: number; readonly signal?: string }): Promise<void>;
  restart(reference: string, options?: { readonly timeout?: number; readonly signal?: string }): Promise<void>;
  kill(reference: string, signal?: string): Promise<void>;
  pause(reference: string): Promise<void>;
  unpause(reference: string): Promise<void>;
  rename(reference: string, name: string): Promise<void>;
  /** @returns what Docker says of limits that the kernel cannot set. */
  update(reference: string, change: ContainerUpdate): Promise<readonly string[]>;
  remove(reference: string, options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  /** The promise resolves once the wait is armed; `result` when it ends. */
  wait(reference: string, condition: WaitCondition): Promise<{ readonly result: Promise<WaitResult> }>;
  resize(reference: string, rows: number, columns: number): Promise<void>;
  attach(reference: string, options: AttachOptions): Promise<AttachedStreams>;
  logs(
    reference: string,
    options: LogOptions,
  ): Promise<{ readonly tty: boolean; readonly lines: AsyncIterable<readonly LogLine[]> }>;
  inspect(reference: string): Promise<ContainerView>;
  /** All containers, newest first, with those images that have been read since the daemon was started. */
  list(): readonly ContainerView[];
  /** The same with all images that are still there: for whoever shows their names, or what containers have from them. */
  listWithImages(): Promise<readonly ContainerView[]>;
  /** Bytes written to the container's own layer, and with its image. */
  size(reference: string): Promise<{ readonly readWrite: number; readonly rootFilesystem: number }>;
  top(reference: string): Promise<readonly number[]>;
  createExec(
    reference: string,
    request: Omit<Exec, 'id' | 'container' | 'running' | 'exitCode' | 'pid'>,
  ): Promise<string>;
  /** Starts the process; `undefined` streams when detached. */
  startExec(
    id: string,
    options: { readonly detach: boolean; readonly tty: boolean },
  ): Promise<AttachedStreams | undefined>;
  resizeExec(id: string, rows: number, columns: number): Promise<void>;
  inspectExec(id: string): Exec;
  /** The same, of one whose container could run it now. @throws FairleadError `conflict` where not. */
  startableExec(id: string): Exec;
}

/** Images: local ones, and those of registries. */
export interface ImageService {
  list(): Promise<readonly Image[]>;
  /** Bytes of all layers, each counted once. */
  layersSize(): Promise<number>;
  inspect(reference: string): Promise<Image>;
  history(reference: string): Promise<
    readonly {
      readonly id: string;
      readonly created: number;
      readonly createdBy: string;
      readonly size: number;
      readonly comment: string;
      readonly tags: readonly string[];
    }[]
  >;
  tag(source: string, repository: string, tag: string): Promise<void>;
  remove(
    reference: string,
    options: { readonly force: boolean; readonly prune: boolean },
  ): Promise<readonly ImageRemoval[]>;
  pull(
    reference: string,
    options: { readonly platform?: string; readonly auth?: RegistryAuth; readonly signal?: AbortSignal },
  ): AsyncIterable<Progress>;
  /** An archive that {@link load} takes. @throws FairleadError `not-found`, before it begins. */
  save(references: readonly string[]): Promise<AsyncIterable<Uint8Array>>;
  /** Send an image to its registry: the tag that is given, or all that the repository has. */
  push(
    repository: string,
    options: { readonly tag?: string; readonly auth?: RegistryAuth; readonly signal?: AbortSignal },
  ): AsyncIterable<Progress>;
  load(archive: AsyncIterable<Uint8Array>, options: { readonly quiet: boolean }): AsyncIterable<Progress>;
  import(
    archive: AsyncIterable<Uint8Array>,
    options: {
      readonly repository?: string;
      readonly tag?: string;
      readonly message?: string;
      readonly changes: readonly string[];
      readonly platform?: string;
    },
  ): AsyncIterable<Progress>;
}

/** A volume that is asked for. */
export interface VolumeRequest {
  /** Empty asks for an anonymous one. */
  readonly name: string;
  /** Empty means `local`. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>> | null;
  readonly labels: Readonly<Record<string, string>> | null;
}

/** A volume together with who uses it. */
export interface VolumeView {
  readonly volume: Volume;
  /** Absolute path of its content. */
  readonly mountpoint: string;
  /** Ids of the containers that have it, running or not. */
  readonly users: readonly string[];
  /** What its plugin says of it; absent for a volume of the engine's own. */
  readonly remote?: RemoteVolumeDetails;
}

/** What a plugin says of one of its volumes. */
export interface RemoteVolumeDetails {
  /** Whether other hosts have it, too. */
  readonly scope: 'local' | 'global';
  /** Milliseconds since the epoch; absent when it does not say. */
  readonly created?: number;
  /** Whatever it wants to be seen; only when one volume was asked for. */
  readonly status?: Readonly<Record<string, unknown>>;
}

/** Volumes: content that outlives containers. */
export interface VolumeService {
  /** One that exists is given back as it is. */
  create(request: VolumeRequest): Promise<VolumeView>;
  /** @throws FairleadError `conflict` while a container has it. */
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>;
  inspect(name: string): Promise<VolumeView>;
  /** All volumes, those among them that only plugins know of; warnings tell of plugins that do not. */
  list(): Promise<{ readonly volumes: readonly VolumeView[]; readonly warnings: readonly string[] }>;
  /** Those of the engine's own driver. */
  local(): readonly VolumeView[];
  /** Names of the drivers that are known by now. */
  drivers(): readonly string[];
  /** Bytes of a local volume's content. */
  size(name: string): Promise<number>;
}

/** An operation on the kernel, for `explain`. */
export interface OperationRecord {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly steps: number;
  readonly microseconds: number;
}

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

/**
 * Removes what nobody uses, one prune of a kind at a time. What will not go, because somebody uses it again or has
 * removed it meanwhile, is passed over. Every prune is an event, with the bytes that came free.
 *
 * @throws FairleadError `conflict`, from each method, while the same is going on already.
 */
export interface PruneService {
  /** Containers that do not run. @param isWanted which of those are to go. @returns their ids. */
  containers(
    isWanted: (view: ContainerView) => boolean,
  ): Promise<{ readonly deleted: readonly string[]; readonly reclaimed: number }>;
  /** Images that no container was made from. @param isWanted which of those are to go. */
  images(
    isWanted: (image: Image) => boolean,
  ): Promise<{ readonly removals: readonly ImageRemoval[]; readonly reclaimed: number }>;
  /** Networks without endpoints; predefined ones stay. @param isWanted which of those are to go. @returns their names. */
  networks(isWanted: (network: Network) => boolean): Promise<{ readonly deleted: readonly string[] }>;
  /** What BuildKit keeps of builds. @returns ids of what has gone. */
  buildCache(choice: BuildCacheChoice): Promise<{ readonly deleted: readonly string[]; readonly reclaimed: number }>;
  /** Volumes that no container has. @param isWanted which of those are to go. @returns their names. */
  volumes(
    isWanted: (view: VolumeView) => boolean,
  ): Promise<{ readonly deleted: readonly string[]; readonly reclaimed: number }>;
}

/** The engine as the API sees it; services that a promise gives are loaded with their first use. */
export interface EnginePort {
  readonly containers: ContainerService;
  readonly files: () => Promise<FileService>;
  readonly images: ImageService;
  readonly networks: NetworkService;
  readonly volumes: VolumeService;
  readonly registries: RegistryService;
  readonly builds: () => Promise<BuildService>;
  readonly buildKit: () => Promise<BuildKitService>;
  readonly prunes: () => Promise<PruneService>;
  readonly diagnosis: DiagnosisService;
  readonly map: () => Promise<MapService>;
  /** Fetch what `docker import` names. @throws FairleadError before anything is made. */
  fetchArchive(source: string, signal: AbortSignal): Promise<RemoteArchive>;
  /** Make an image of a container. @returns its ID. */
  commit(reference: string, options: CommitOptions): Promise<string>;
  /** What a container uses. @throws FairleadError `not-found`, at once. */
  statistics(reference: string, options: StatisticsOptions): AsyncIterable<ContainerStatistics>;
  /** Events from `since` on (nanoseconds), live ones after that, until `until` or for ever. */
  events(options: {
    readonly since?: bigint;
    readonly until?: bigint;
    readonly signal: AbortSignal;
  }): AsyncIterable<EngineEvent>;
  info(): Promise<SystemInfo>;
  /** Take the networks from the kernel, too, when the engine ends and no container runs. */
  leaveNothing(): void;
  /** A place to try operations that change nothing. */
  rehearse(): Promise<Rehearsal>;
  /** Operations on the kernel, newest first. */
  operations(): readonly OperationRecord[];
  /** Runnable commands that would do what an operation did; the last one when no id is given. */
  transcript(id?: string): Promise<readonly string[]>;
  /** The same with what it was for, and the commands that undo it. */
  account(id?: string): Promise<OperationAccount>;
}
