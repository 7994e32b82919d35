/**
 * Docker's nouns: containers, images, volumes, execs, logs and events, on containerd below and the network beside.
 *
 * @module
 */

export type { BuildCacheChoice, BuildCacheRecord, BuildReport, RequestedBuild } from '@fairlead/buildkit';
export type { FindingView, KernelView, MapEvent, MapView } from '@fairlead/map';
/** The network's nouns that {@link EnginePort} speaks in, for those who know the engine only. */
export type {
  AdmittedMapping,
  BoundPort,
  Endpoint,
  EndpointConfig,
  IpamRequest,
  Network,
  NetworkRequest,
  PortBinding,
  RecordChange,
  SubnetUsage,
} from '@fairlead/network';
export {
  addressWithLength,
  bindingWithin,
  containerPortsOf,
  contestTexts,
  joinBindings,
  recordText,
  singleBindings,
} from '@fairlead/network';
/** What plugins say of themselves. */
export type { PluginConfig, PluginPrivilege, PluginSettings } from '@fairlead/plugins';
/** The swarm's nouns. */
export type {
  Cluster,
  ClusterView,
  Config,
  Driver,
  InitRequest,
  IssuerInfo,
  Manager,
  NodeSpec,
  NodeView,
  Payloads,
  PortConfig,
  Secret,
  Service,
  ServiceSpec,
  ServiceStatus,
  SwarmStatus,
  TaskAttachment,
  TaskOrder,
  TaskSpec,
  TaskStatus,
  TaskView,
} from '@fairlead/swarm';
export type { Directory, TraceNews, TraceReport, TraceRequest } from '@fairlead/trace';
export type { BuildKitService } from './build/build-kit-port.ts';
export type { BuildOptions, BuildService } from './build/build-port.ts';
export type {
  ContainerConfig,
  HostConfig,
  NetworkAttachment,
  ResourceLimits,
} from './container/configuration/container-config.ts';
export type { ContainerDefaults } from './container/configuration/container-defaults.ts';
export { inventName } from './container/configuration/container-name.ts';
export type {
  AttachmentView,
  ContainerService,
  ContainerUpdate,
  ContainerView,
  MountView,
  StopOptions,
  WaitCondition,
  WaitResult,
} from './container/container-port.ts';
export { isAlive, isUp } from './container/container-state.ts';
export { ContainerTable } from './container/container-table.ts';
export { readOwned } from './container/file/owned-file.ts';
export type { Health, HealthcheckConfig, ProbeResult } from './container/health/health-model.ts';
export type { ShutdownReport } from './container/life/shutdown.ts';
export { parseSignal } from './container/life/signal.ts';
export type { AttachedStreams, AttachOptions, OutputChunk } from './container/stream-port.ts';
export type { EngineContext, EngineSettings, FileSystems, OutputKeeper } from './context.ts';
export type { DiagnosisService } from './diagnosis-port.ts';
export { Engine, type EngineSurroundings } from './engine.ts';
export type { EnginePort } from './engine-port.ts';
export { EventLog } from './event-log.ts';
export type { BindPlace, FileCalls } from './files/file-calls.ts';
export type { ExtractOptions, FileChange, FileService, PathStat } from './files/file-port.ts';
export { readHostResolvConf } from './host-resolver-file.ts';
export type { CommitOptions } from './image/commit-port.ts';
export type { ImageRemoval, ImageService, LoadOptions } from './image/image-port.ts';
export { Images } from './image/image-service.ts';
export type { LoginRequest, RegistryService } from './image/registry-port.ts';
export type { RemoteArchive } from './image/remote-archive.ts';
export type { Json } from './json.ts';
export { parseByteSize } from './log/byte-size.ts';
export { type LogConfig, requireLogConfig } from './log/log-options.ts';
export type { LogLine, LogOptions } from './log/log-port.ts';
export type { MapService } from './map-port.ts';
export type { Container, ContainerState, ContainerStatus, EngineEvent, Exec, Image } from './model.ts';
export type { NetworkService } from './network-port.ts';
export type { Plugin } from './plugin/plugin-model.ts';
export type { PluginPull, PluginService, PluginView, RemotePlugin } from './plugin/plugin-port.ts';
export type { Progress, RegistryAuth } from './progress-port.ts';
export type { PruneService } from './prune-port.ts';
export type { RehearsalStage } from './rehearsal.ts';
export type { OperationAccount, OperationRecord, Rehearsal, RehearsalOutcome } from './rehearsal-port.ts';
export type {
  ContainerStatistics,
  LinkCounters,
  ProcessorTime,
  StatisticsOptions,
  StatisticsSample,
} from './statistics/statistics-port.ts';
export type { SwarmService } from './swarm/swarm-port.ts';
export type { SystemInfo } from './system-port.ts';
export { imagesOf } from './volume/mount-settlement.ts';
export type {
  BindMountOptions,
  ImageMountOptions,
  MountRequest,
  Volume,
  VolumeMountOptions,
} from './volume/volume-model.ts';
export { isAnonymous } from './volume/volume-name.ts';
export type { RemoteVolumeDetails, VolumeRequest, VolumeService, VolumeView } from './volume/volume-port.ts';
