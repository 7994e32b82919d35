/**
 * Swarm mode of one node: the swarm, its nodes, secrets and configs, its services and their tasks.
 *
 * @module
 */
export type { HostAddress } from './addresses.ts';
export type { IssuerInfo } from './certificate-authority.ts';
export type { ClusterRequest, Rotation } from './cluster-spec.ts';
export type { ClusterView, Manager } from './manager.ts';
export type {
  Availability,
  Cluster,
  ClusterSpec,
  Config,
  Driver,
  NodeDescription,
  NodeRole,
  NodeSpec,
  PayloadSpec,
  Secret,
  SwarmEvent,
  SwarmNode,
  SwarmObject,
} from './model.ts';
export type { NodeView } from './nodes.ts';
export type { Payloads } from './payload.ts';
export type { PortConfig, Service, ServiceSpec } from './service/service-model.ts';
export type { ServiceStatus, Services } from './service/services.ts';
export { type InitRequest, Swarm, type SwarmStatus, type SwarmSurroundings } from './swarm.ts';
export type { Task, TaskAttachment, TaskPort, TaskState, TaskStatus } from './task/task-model.ts';
export type {
  ServiceNetworks,
  TaskContainer,
  TaskFile,
  TaskNetwork,
  TaskOrder,
  TaskRuntime,
} from './task/task-runtime.ts';
export type { TaskSpec } from './task/task-spec.ts';
export type { Tasks, TaskView } from './task/tasks.ts';
