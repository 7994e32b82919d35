import { empty, type PlainResponse } from '../http/response.ts';
import type { Route } from '../http/route.ts';

/** What every client asks first, and what browsers do. */
export function pingRoutes(): Route[] {
  return [
    { method: 'GET', pattern: '/_ping', handle: () => ping('OK') },
    { method: 'HEAD', pattern: '/_ping', handle: () => ping('') },
    { method: 'OPTIONS', pattern: '/{any*}', handle: () => empty(200) },
  ];
}

/** Clients read the newest version, the kind of system and the builder from the headers of this answer. */
function ping(body: string): PlainResponse {
  return {
    kind: 'plain',
    status: 200,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Builder-Version': '1',
      Swarm: 'inactive',
      'Cache-Control': 'no-cache, no-store, must-revalidate',
      Pragma: 'no-cache',
    },
    body,
  };
}
