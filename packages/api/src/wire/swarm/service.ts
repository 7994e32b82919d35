import type { PortConfig, Service, ServiceSpec, ServiceStatus } from '@fairlead/engine';
import { timeText } from '../time.ts';
import { labels, presentMeta } from './annotations.ts';
import { always, fraction, integer, list, maybe, said, struct, text, word } from './shape.ts';
import { attachment, taskSpec } from './task-spec.ts';

const port = struct({
  name: maybe(text),
  protocol: maybe(word<NonNullable<PortConfig['protocol']>>()),
  targetPort: maybe(integer),
  publishedPort: maybe(integer),
  publishMode: maybe(word<NonNullable<PortConfig['publishMode']>>()),
});

const updateConfig = struct({
  parallelism: always(integer, 0),
  delay: maybe(integer),
  failureAction: maybe(word<'pause' | 'continue' | 'rollback'>()),
  monitor: maybe(integer),
  maxFailureRatio: always(fraction, 0),
  order: always(word<'stop-first' | 'start-first' | ''>(), ''),
});

const mode = struct({
  replicated: maybe(struct({ replicas: maybe(said(integer)) })),
  global: maybe(struct({})),
  replicatedJob: maybe(struct({ maxConcurrent: maybe(said(integer)), totalCompletions: maybe(said(integer)) })),
  globalJob: maybe(struct({})),
});

const endpointSpec = struct({ mode: maybe(word<'vip' | 'dnsrr'>()), ports: maybe(list(port)) });

/** `ServiceSpec`. */
export const serviceSpec = struct({
  name: always(text, ''),
  labels,
  taskTemplate: always(taskSpec, { forceUpdate: 0 }),
  mode: always(mode, {}),
  updateConfig: maybe(updateConfig),
  rollbackConfig: maybe(updateConfig),
  networks: maybe(list(attachment)),
  endpointSpec: maybe(endpointSpec),
}) satisfies { show(value: ServiceSpec): unknown };

/** A service; with `status` where a list was asked for it. */
export function presentService(service: Service, status?: ServiceStatus) {
  const { spec, previousSpec, updateStatus, jobIteration, lastExecution } = service;
  return {
    ...presentMeta(service),
    Spec: serviceSpec.show(spec),
    ...(previousSpec !== undefined && { PreviousSpec: serviceSpec.show(previousSpec) }),
    Endpoint: presentEndpoint(service),
    ...(updateStatus !== undefined && { UpdateStatus: presentUpdate(updateStatus) }),
    ...(status !== undefined && {
      ServiceStatus: { RunningTasks: status.running, DesiredTasks: status.desired, CompletedTasks: status.completed },
    }),
    ...(jobIteration !== undefined && {
      JobStatus: {
        JobIteration: jobIteration === 0 ? {} : { Index: jobIteration },
        LastExecution: timeText(lastExecution),
      },
    }),
  };
}

/** Ports as clients see them. */
export function presentPorts(ports: readonly PortConfig[]) {
  return ports.map((one) => port.show(one));
}

function presentEndpoint({ spec, ports, virtualIps }: Service) {
  if (ports.length === 0 && virtualIps.length === 0) return { Spec: {} };
  return {
    Spec: spec.endpointSpec === undefined ? {} : endpointSpec.show(spec.endpointSpec),
    ...(ports.length > 0 && { Ports: presentPorts(ports) }),
    ...(virtualIps.length > 0 && {
      VirtualIPs: virtualIps.map(({ networkId, address }) => ({ NetworkID: networkId, Addr: address })),
    }),
  };
}

function presentUpdate({ state, startedAt, completedAt, message }: NonNullable<Service['updateStatus']>) {
  return {
    State: state,
    StartedAt: timeText(startedAt),
    ...(completedAt !== undefined && { CompletedAt: timeText(completedAt) }),
    Message: message,
  };
}
