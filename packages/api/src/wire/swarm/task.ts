import type { TaskView } from '@fairlead/engine';
import { timeText } from '../time.ts';
import { presentMeta } from './annotations.ts';
import { presentPorts } from './service.ts';
import { taskSpec } from './task-spec.ts';

/** A task. */
export function presentTask({ task, service }: TaskView) {
  const { status, slot, nodeId, jobIteration } = task;
  const { runtime: _, ...spec } = task.spec;
  const { containerId, pid = 0, exitCode = 0 } = status;
  const hostPorts = (service?.ports ?? []).filter(({ publishMode }) => publishMode === 'host');
  return {
    ...presentMeta(task),
    Labels: {},
    Spec: taskSpec.show(spec),
    ServiceID: task.serviceId,
    ...(slot !== undefined && slot !== 0 && { Slot: slot }),
    ...(nodeId !== undefined && { NodeID: nodeId }),
    Status: {
      Timestamp: timeText(status.timestamp),
      State: status.state,
      Message: status.message,
      ...(status.error !== undefined && { Err: status.error }),
      ...(containerId !== undefined && { ContainerStatus: { ContainerID: containerId, PID: pid, ExitCode: exitCode } }),
      PortStatus: status.state === 'running' && hostPorts.length > 0 ? { Ports: presentPorts(hostPorts) } : {},
    },
    DesiredState: task.desiredState,
    ...(jobIteration !== undefined && { JobIteration: jobIteration === 0 ? {} : { Index: jobIteration } }),
  };
}
