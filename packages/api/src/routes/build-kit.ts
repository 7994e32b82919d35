import type { Duplex } from 'node:stream';
import { FairleadError } from '@fairlead/base';
import type { EnginePort } from '@fairlead/engine';
import type { HijackedConnection } from '../http/hijacked-connection.ts';
import type { ApiRequest } from '../http/request.ts';
import type { TakeoverResponse } from '../http/response.ts';
import type { Route } from '../http/route.ts';

/** BuildKit's own protocol: what `docker buildx` speaks instead of `POST /build`. */
export function callRoutes(engine: EnginePort): Route[] {
  return [{ method: 'POST', pattern: '/grpc', hijack: true, handle: (request) => calls(engine, request) }];
}

/** The other way round: what a build asks of its client, such as files and credentials. */
export function sessionRoutes(engine: EnginePort): Route[] {
  return [{ method: 'POST', pattern: '/session', hijack: true, handle: (request) => session(engine, request) }];
}

/**
 * The connection is given in any case, and what cannot be done is said in answer to calls: a client that is refused here
 * would start a builder of its own in a container.
 */
function calls(engine: EnginePort, request: ApiRequest): TakeoverResponse {
  return upgraded(request, async (socket) => (await engine.buildKit()).serveCalls(socket));
}

/**
 * Never refused either: a docker command that has BuildKit built in (up to 20.10) shows nothing but the status then, and
 * the reason in answer to the build that it asks for meanwhile.
 */
function session(engine: EnginePort, request: ApiRequest): TakeoverResponse {
  return upgraded(request, async (socket) => (await engine.buildKit()).serveSession(socket, request.headers));
}

function upgraded({ headers }: ApiRequest, serve: (socket: Duplex) => Promise<void>): TakeoverResponse {
  const { upgrade } = headers;
  if (upgrade === undefined) throw new FairleadError('invalid-argument', 'no upgrade proto in request');
  if (upgrade.toLowerCase() !== 'h2c') throw new FairleadError('invalid-argument', `protocol ${upgrade} not supported`);
  return {
    kind: 'takeover',
    contentType: '',
    upgradeHeaders: { Upgrade: 'h2c' },
    serve: async ({ socket }: HijackedConnection) => {
      if (socket !== undefined) await serve(socket);
    },
  };
}
