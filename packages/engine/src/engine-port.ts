import type { BuildKitService } from './build/build-kit-port.ts';
import type { BuildService } from './build/build-port.ts';
import type { ContainerService } from './container/container-port.ts';
import type { ShutdownReport } from './container/life/shutdown.ts';
import type { DiagnosisService } from './diagnosis-port.ts';
import type { FileService } from './files/file-port.ts';
import type { CommitOptions } from './image/commit-port.ts';
import type { ImageService } from './image/image-port.ts';
import type { RegistryService } from './image/registry-port.ts';
import type { RemoteArchive } from './image/remote-archive.ts';
import type { MapService } from './map-port.ts';
import type { EngineEvent } from './model.ts';
import type { NetworkService } from './network-port.ts';
import type { PluginService } from './plugin/plugin-port.ts';
import type { PruneService } from './prune-port.ts';
import type { OperationAccount, OperationRecord, Rehearsal } from './rehearsal-port.ts';
import type { ContainerStatistics, StatisticsOptions } from './statistics/statistics-port.ts';
import type { SwarmService, SwarmStatus } from './swarm/swarm-port.ts';
import type { SystemInfo } from './system-port.ts';
import type { VolumeService } from './volume/volume-port.ts';

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
  readonly plugins: () => Promise<PluginService>;
  /** Names of plugins that the engine runs and that can do something, without loading anything of it. */
  readonly runningPlugins: (capability: string) => readonly string[];
  readonly diagnosis: DiagnosisService;
  readonly map: () => Promise<MapService>;
  readonly swarm: () => Promise<SwarmService>;
  /** What this machine is in a swarm, without loading anything of it. */
  readonly swarmStatus: () => SwarmStatus;
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
  /** Stop all containers as the machine ends: those that are to come back do with the next engine. */
  stopForShutdown(): Promise<ShutdownReport>;
  /** A place to try operations that change nothing. */
  rehearse(): Promise<Rehearsal>;
  /** Operations on the kernel, newest first. */
  operations(): readonly OperationRecord[];
  /** Runnable commands that would do what an operation did; the last one when no id is given. */
  transcript(id?: string): Promise<readonly string[]>;
  /** The same with what it was for, and the commands that undo it. */
  account(id?: string): Promise<OperationAccount>;
}
