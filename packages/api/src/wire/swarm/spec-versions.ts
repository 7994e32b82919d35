import type { ServiceSpec } from '@fairlead/engine';
import type { ApiVersion } from '../../http/api-version.ts';

/**
 * What a client of an older version can have meant: fields that came later are left out (moby,
 * api/server/router/swarm/helpers.go).
 */
export function ofVersion(spec: ServiceSpec, version: ApiVersion): ServiceSpec {
  if (version >= 41) return spec;
  const { replicatedJob: _, globalJob: __, ...mode } = spec.mode;
  const { containerSpec, placement, ...template } = spec.taskTemplate;
  const { capabilityAdd: ___, capabilityDrop: ____, ulimits: _____, ...container } = containerSpec ?? {};
  const { sysctls, ...older } = container;
  const { maxReplicas, ...place } = placement ?? {};
  const isOldest = version < 40;
  return {
    ...spec,
    mode,
    taskTemplate: {
      ...template,
      ...(containerSpec && { containerSpec: isOldest || sysctls === undefined ? older : { ...older, sysctls } }),
      ...(placement && { placement: isOldest || maxReplicas === undefined ? place : { ...place, maxReplicas } }),
    },
  };
}
