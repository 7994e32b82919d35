/**
 * Running containers: containerd over gRPC.
 *
 * `startContainerd` brings up a private containerd, `Containerd` drives it, `ProcessStreams` carries standard input and
 * output. What is to run is said in the words of `@fairlead/runtime/spec`.
 *
 * @module
 */
export type { BlobSource, BlobWrite } from './containerd/blob-write.ts';
export { chainId, chainIds, sha256Digest } from './containerd/chain-id.ts';
export type {
  ContainerRecord,
  ContainerStore,
  NewContainer,
  RuntimeOptions,
} from './containerd/container-store.ts';
export { Containerd, type ContainerdOptions } from './containerd/containerd.ts';
export type { ContainerdPaths } from './containerd/containerd-config.ts';
export {
  type ContainerdProcess,
  type ContainerdSettings,
  startContainerd,
} from './containerd/containerd-process.ts';
export type { BlobInfo, ContentStore } from './containerd/content-store.ts';
export type { Descriptor, Labels, SnapshotMount } from './containerd/descriptor.ts';
export type { Differ } from './containerd/differ.ts';
export { configLabels } from './containerd/gc-labels.ts';
export type { ImageRecord, ImageStore } from './containerd/image-store.ts';
export type { KeepingCalls } from './containerd/kept-output.ts';
export type { Layer, LayerStore } from './containerd/layer-store.ts';
export type { Lease, Leases } from './containerd/leases.ts';
export type { OutputStream, SetPipeCapacity } from './containerd/output-stream.ts';
export {
  heldPaths,
  type LeftOutput,
  type MakeFifo,
  type PipeCalls,
  ProcessStreams,
  type StreamLayout,
  type StreamPaths,
  streamPaths,
} from './containerd/process-streams.ts';
export type { SnapshotInfo, SnapshotOptions, SnapshotStore } from './containerd/snapshot-store.ts';
export type { TaskEvent, TaskEventBase } from './containerd/task-events.ts';
export type { BlockTraffic, TaskMetrics } from './containerd/task-metrics.ts';
export type { ExitStatus, ProcessReference, TaskProcess, TaskState } from './containerd/task-types.ts';
export type { NewExec, NewTask, Tasks } from './containerd/tasks.ts';
export { type CallOptions, type DuplexCall, GrpcChannel, type Metadata } from './grpc/channel.ts';
export { frameMessage, MessageFrameReader } from './grpc/message-frame.ts';
export { methodsOf } from './grpc/method.ts';
export { GrpcStatus } from './grpc/status.ts';
export { installedProgram, pathDirectories, runningEngine, runningProcess } from './host-program.ts';
export { removeCgroup, removeEmptyCgroup, removeEmptyCgroupParents } from './spec/cgroup-parent.ts';
export type { RealtimeShare } from './spec/cgroup-realtime.ts';
export type {
  ContainerDescription,
  HostFacts,
  NamespaceMode,
  ProcessDescription,
} from './spec/container-spec.ts';
export type { DeviceRequest } from './spec/devices.ts';
export { readHostFacts } from './spec/host-facts.ts';
export type { MountRequest, Propagation } from './spec/mounts.ts';
export type { LinuxResources, OciDeviceRule, OciProcess, OciSeccomp, OciSpec, OciUser } from './spec/oci-types.ts';
export type { ResourceLimits, UlimitRequest } from './spec/resources.ts';
export { chooseRuntime, probeRuntime, type RuntimeFacts } from './spec/runtime-choice.ts';
export type { Architecture } from './spec/seccomp-profile.ts';
export type { StartFailure } from './spec/start-failure.ts';
export type { ResolvedUser } from './spec/user.ts';
