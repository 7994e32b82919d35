import type { ContainerConfig } from './container/configuration/container-config.ts';
import type { NotedChange } from './container/configuration/noted-change.ts';
import type { Health } from './container/health/health-model.ts';
import type { Json } from './json.ts';
import type { ContainerMount } from './volume/volume-model.ts';

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
  /** What is being changed about it. */
  readonly noted?: NotedChange;
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
  readonly type:
    | 'container'
    | 'image'
    | 'network'
    | 'volume'
    | 'builder'
    | 'plugin'
    | 'daemon'
    | 'node'
    | 'service'
    | 'secret'
    | 'config';
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
