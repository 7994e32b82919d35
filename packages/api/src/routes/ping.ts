import type { EnginePort, SwarmStatus } from '@fairlead/engine';
import { empty, type PlainResponse } from '../http/response.ts';
import type { Route } from '../http/route.ts';

/** What every client asks first, and what browsers do. */
export function pingRoutes({ swarmStatus }: EnginePort): Route[] {
  return [
    { method: 'GET', pattern: '/_ping', handle: () => ping('OK', swarmStatus()) },
    { method: 'HEAD', pattern: '/_ping', handle: () => ping('', swarmStatus()) },
    { method: 'OPTIONS', pattern: '/{any*}', handle: () => empty(200) },
  ];
}

/** Clients read the newest version, the kind of system and the builder from the headers of this answer. */
function ping(body: string, status: SwarmStatus): PlainResponse {
  return {
    kind: 'plain',
    status: 200,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Builder-Version': '1',
      Swarm: status === 'active' ? 'active/manager' : status,
      'Cache-Control': 'no-cache, no-store, must-revalidate',
      Pragma: 'no-cache',
    },
    body,
  };
}
