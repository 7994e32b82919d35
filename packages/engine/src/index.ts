/**
 * Docker's nouns: containers, images, execs, logs and events, on containerd below and the network beside.
 *
 * @module
 */
export type {
  AttachedStreams,
  AttachmentView,
  AttachOptions,
  ContainerService,
  ContainerView,
  EnginePort,
  ImageRemoval,
  ImageService,
  LogLine,
  LogOptions,
  MountView,
  NetworkService,
  OperationRecord,
  OutputChunk,
  Progress,
  RegistryAuth,
  SystemInfo,
  WaitCondition,
  WaitResult,
} from './engine-port.ts';
export type {
  Container,
  ContainerConfig,
  ContainerState,
  ContainerStatus,
  EngineEvent,
  Exec,
  HostConfig,
  Image,
  Json,
  MountRequest,
  NetworkAttachment,
  ResourceLimits,
} from './model.ts';
