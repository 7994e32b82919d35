import type { BoundPort, Endpoint, EndpointConfig, Network, Sandbox } from '@fairlead/network';
import type { LogLine, LogOptions } from '../log/log-port.ts';
import type { Container, Exec, Image } from '../model.ts';
import type { ContainerConfig, HostConfig, ResourceLimits } from './configuration/container-config.ts';
import type { AttachedStreams, AttachOptions } from './stream-port.ts';

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

/** What `wait` waits for. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** How a wait ended. */
export interface WaitResult {
  readonly exitCode: number;
  readonly error?: string;
}

/** What shall be different about a container; what is absent stays. */
export interface ContainerUpdate {
  /** `pids` of 0 takes that limit away. */
  readonly limits: ResourceLimits;
  readonly restartPolicy?: HostConfig['restartPolicy'];
}

/** How a container is asked to end. */
export interface StopOptions {
  /** Seconds until it is killed; absent means the container's own, -1 means for ever. */
  readonly timeout?: number;
  /** Name or number; absent means the container's own. */
  readonly signal?: string;
  /** It is the machine that ends: whoever is not to stay stopped comes back with the engine. */
  readonly isShutdown?: boolean;
}

/** Containers: their whole life. Every method that takes a `reference` takes a name, an id or the beginning of one. */
export interface ContainerService {
  create(
    request: ContainerConfig & { readonly name?: string },
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  start(reference: string): Promise<void>;
  stop(reference: string, options?: StopOptions): Promise<void>;
  restart(reference: string, options?: StopOptions): Promise<void>;
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
