import type { ContainerUpdate, Json } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import { decodeJson, goObject } from './go-json.ts';
import { limitEntries, parseLimits, restartPolicySchema } from './host-config.ts';
import { requireLimits, requireRestartPolicy } from './resource-rules.ts';

/** The body of `POST /containers/{id}/update`. */
const updateSchema = goObject({ ...limitEntries, RestartPolicy: restartPolicySchema });

/**
 * What a client wants to be different about a container. A zero, which some clients send for everything that nobody
 * asked for, changes nothing; as a limit of processes it takes the limit away, as any negative number does.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseUpdate(body: Json, version: ApiVersion): ContainerUpdate {
  const wire = decodeJson(updateSchema, body, 'UpdateConfig');
  requireRestartPolicy(wire.RestartPolicy);
  requireLimits(wire);
  const { Name: name = '', MaximumRetryCount: maximumRetryCount = 0 } = wire.RestartPolicy ?? {};
  const pids = version < 40 ? undefined : wire.PidsLimit;
  const { oomKillDisable: _, ...limits } = parseLimits({ ...wire, PidsLimit: undefined });
  return {
    limits: { ...limits, ...(pids !== undefined && { pids: Math.max(pids, 0) }) },
    ...(name !== '' && { restartPolicy: { name, maximumRetryCount } }),
  };
}
