import type { Network, TaskAttachment, TaskStatus, TaskView } from '@fairlead/engine';
import { timeText } from '../time.ts';
import { presentMeta } from './annotations.ts';
import { presentPorts } from './service.ts';
import { taskSpec } from './task-spec.ts';

/** Ports of the host that are the task's own, as it has got them. */
function presentOwnPorts({ ports = [] }: TaskStatus, service: TaskView['service']) {
  const asked = (service?.ports ?? []).filter(({ publishMode }) => publishMode === 'host');
  const own = ports.filter((port) =>
    asked.some(({ targetPort, protocol = 'tcp' }) => targetPort === port.targetPort && protocol === port.protocol),
  );
  return own.length === 0 ? {} : { Ports: presentPorts(own.map((port) => ({ ...port, publishMode: 'host' }))) };
}

/** `NetworkAttachment`, as far as there is anything to say; nothing of a network that is no more. */
function presentAttachment({ networkId, addresses }: TaskAttachment, networks: readonly Network[]) {
  const network = networks.find(({ id }) => id === networkId);
  if (network === undefined) return [];
  const { name, labels, created, ingress, attachable, ipamDriver, driver, options, subnets } = network;
  const pools = subnets.map(({ subnet, gateway }) => ({ Subnet: subnet, ...(gateway && { Gateway: gateway }) }));
  return [
    {
      Network: {
        ID: networkId,
        Version: {},
        CreatedAt: timeText(created),
        UpdatedAt: timeText(created),
        Spec: {
          Name: name,
          Labels: labels,
          DriverConfiguration: { Name: driver },
          ...(attachable && { Attachable: true }),
          ...(ingress && { Ingress: true }),
          Scope: 'swarm',
        },
        DriverState: { Name: driver, Options: options },
        IPAMOptions: { Driver: { Name: ipamDriver }, Configs: pools },
      },
      Addresses: addresses,
    },
  ];
}

/** A task. @param networks that there are. */
export function presentTask({ task, service }: TaskView, networks: readonly Network[]) {
  const { status, slot, nodeId, jobIteration } = task;
  const { runtime: _, ...spec } = task.spec;
  const { containerId, pid = 0, exitCode = 0 } = status;
  const attachments = (status.attachments ?? []).flatMap((one) => presentAttachment(one, networks));
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
      PortStatus: presentOwnPorts(status, service),
    },
    DesiredState: task.desiredState,
    ...(attachments.length > 0 && { NetworksAttachments: attachments }),
    ...(jobIteration !== undefined && { JobIteration: jobIteration === 0 ? {} : { Index: jobIteration } }),
  };
}
