import { FairleadError } from '@fairlead/base';
import type { EnginePort, InitRequest } from '@fairlead/engine';
import * as v from 'valibot';
import { readBody, readJson } from '../http/json-body.ts';
import { type ApiRequest, flag } from '../http/request.ts';
import { type ApiResponse, empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { goObject, goString } from '../wire/go-json.ts';
import { clusterSpec, initSchema, presentSwarm } from '../wire/swarm/cluster.ts';
import { strictFlag, versionOf } from './swarm-object.ts';

const unlockSchema = goObject({ UnlockKey: goString });

/** Versions of the API since which there are options; before, nobody could mean them. */
const since = { addressPools: 39, dataPathPort: 40 };

/** The swarm as a whole: Engine API, "Swarm". */
export function swarmRoutes({ swarm }: EnginePort): Route[] {
  return [
    { method: 'GET', pattern: '/swarm', handle: async () => json(presentSwarm((await swarm()).manager().inspect())) },
    {
      method: 'POST',
      pattern: '/swarm/init',
      handle: async (request) => json(await (await swarm()).init(await initRequest(request))),
    },
    {
      method: 'POST',
      pattern: '/swarm/join',
      handle: async (request) => {
        await readJson(request);
        return (await swarm()).join();
      },
    },
    {
      method: 'POST',
      pattern: '/swarm/leave',
      handle: async (request) => {
        await (await swarm()).leave(flag(request, 'force'));
        return empty(200);
      },
    },
    { method: 'POST', pattern: '/swarm/update', handle: (request) => update(swarm, request) },
    {
      method: 'GET',
      pattern: '/swarm/unlockkey',
      handle: async () => json({ UnlockKey: (await swarm()).manager().unlockKey() }),
    },
    {
      method: 'POST',
      pattern: '/swarm/unlock',
      handle: async (request) => {
        (await swarm()).unlock((await readBody(request, unlockSchema, 'UnlockRequest')).UnlockKey);
        return empty(200);
      },
    },
  ];
}

async function update(swarm: EnginePort['swarm'], request: ApiRequest): Promise<ApiResponse> {
  const spec = await readBody(request, clusterSpec.schema, 'Spec');
  const version = versionOf(request, 'swarm');
  const rotation = {
    workerToken: strictFlag(request, 'rotateWorkerToken'),
    managerToken: strictFlag(request, 'rotateManagerToken'),
    unlockKey: strictFlag(request, 'rotateManagerUnlockKey'),
  };
  (await swarm()).manager().update(version, spec, rotation);
  return empty(200);
}

async function initRequest(request: ApiRequest): Promise<InitRequest> {
  const wire = await readBody(request, initSchema, 'InitRequest');
  const { version } = request;
  const hasPools = version >= since.addressPools;
  return {
    listenAddress: wire.ListenAddr,
    advertiseAddress: wire.AdvertiseAddr,
    dataPathAddress: wire.DataPathAddr,
    dataPathPort: version >= since.dataPathPort ? wire.DataPathPort : 0,
    addressPools: hasPools ? wire.DefaultAddrPool : [],
    subnetSize: hasPools ? wire.SubnetSize : 0,
    forceNewCluster: wire.ForceNewCluster,
    availability: availabilityOf(wire.Availability),
    spec: wire.Spec ?? {},
  };
}

/** @throws FairleadError `invalid-argument` in dockerd's words. */
function availabilityOf(word: string): InitRequest['availability'] {
  const known = v.safeParse(v.picklist(['', 'active', 'pause', 'drain']), word.toLowerCase());
  if (known.success) return known.output;
  throw new FairleadError('invalid-argument', `invalid Availability: ${JSON.stringify(word)}`);
}
