import { defaultUpdate } from '../orchestrator/update-plan.ts';
import type { PortConfig, ServiceSpec } from './service-model.ts';

/** A specification as it is kept: with what dockerd fills in for what somebody has left out. */
export function normalSpec(asked: ServiceSpec): ServiceSpec {
  const { networks: former, endpointSpec, ...spec } = asked;
  const { containerSpec, networks = former, ...template } = spec.taskTemplate;
  const ports = endpointSpec?.ports?.map(normalPort);
  return {
    ...spec,
    taskTemplate: {
      ...template,
      ...(containerSpec !== undefined && { containerSpec: { ...containerSpec, isolation: 'default' } }),
      ...(networks !== undefined && networks.length > 0 && { networks }),
      runtime: template.runtime || 'container',
    },
    mode: normalMode(spec.mode),
    ...(endpointSpec !== undefined && {
      endpointSpec: { ...endpointSpec, mode: endpointSpec.mode ?? 'vip', ...(ports !== undefined && { ports }) },
    }),
  };
}

/** The same as it is carried out, for clients that ask for it (swarmkit, api/defaults). */
export function withDefaults(spec: ServiceSpec): ServiceSpec {
  const { taskTemplate, updateConfig, rollbackConfig } = spec;
  const { containerSpec, resources = {}, restartPolicy, placement = {} } = taskTemplate;
  const isJob = (spec.mode.replicatedJob ?? spec.mode.globalJob) !== undefined;
  return {
    ...spec,
    taskTemplate: {
      ...taskTemplate,
      ...(containerSpec !== undefined && {
        containerSpec: { stopGracePeriod: 10_000_000_000, dnsConfig: {}, ...containerSpec },
      }),
      resources,
      restartPolicy:
        restartPolicy === undefined
          ? { condition: 'any', delay: 5e9, maxAttempts: 0 }
          : { delay: 5e9, ...restartPolicy },
      placement,
    },
    ...(!isJob && {
      updateConfig: { ...defaultUpdate, ...updateConfig },
      rollbackConfig: { ...defaultUpdate, ...rollbackConfig },
    }),
  };
}

function normalPort({ protocol = 'tcp', publishMode = 'ingress', ...port }: PortConfig): PortConfig {
  return { ...port, protocol, publishMode };
}

function normalMode(mode: ServiceSpec['mode']): ServiceSpec['mode'] {
  const { replicated, replicatedJob } = mode;
  if (replicatedJob !== undefined) {
    const { maxConcurrent = 1, totalCompletions = maxConcurrent } = replicatedJob;
    return { replicatedJob: { maxConcurrent, totalCompletions } };
  }
  if (replicated !== undefined) return { replicated: { replicas: replicated.replicas ?? 1 } };
  return Object.keys(mode).length === 0 ? { replicated: { replicas: 1 } } : mode;
}
