import type { EnginePort, MapEvent } from '@fairlead/engine';
import { readPageFile } from '@fairlead/map/page';
import * as v from 'valibot';
import { pageNotFound } from '../http/error-response.ts';
import { readBody } from '../http/json-body.ts';
import { type ApiRequest, parameter } from '../http/request.ts';
import { type ApiResponse, json, stream } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { goObject, goString } from '../wire/go-json.ts';
import { liveTrace } from './live-trace.ts';

/**
 * The page of the map and what it asks for. It reads, and sends the packets of traces: nothing here changes anything, so
 * these routes alone are what a browser is given (see `map-listener.ts`).
 */
export function mapRoutes({ map, diagnosis }: Pick<EnginePort, 'map' | 'diagnosis'>): Route[] {
  return [
    { method: 'GET', pattern: '/fairlead/map', handle: async () => json((await map()).view()) },
    {
      method: 'GET',
      pattern: '/fairlead/map/events',
      handle: async ({ signal }) => stream(serverSentEvents((await map()).watch(signal)), 'text/event-stream'),
    },
    {
      method: 'GET',
      pattern: '/fairlead/map/object/{id*}',
      handle: async (request) => json((await map()).kernelView(parameter(request, 'id'))),
    },
    { method: 'POST', pattern: '/fairlead/map/examination', handle: async () => json(await (await map()).examine()) },
    { method: 'POST', pattern: '/fairlead/map/traces', handle: (request) => trace(diagnosis, request) },
    { method: 'GET', pattern: '/fairlead/map/', handle: () => pageFile('page/index.html') },
    { method: 'GET', pattern: '/fairlead/map/{path*}', handle: (request) => pageFile(parameter(request, 'path')) },
  ];
}

/** Opens the page to browsers; only for who has the API already. */
export function mapListenerRoutes(inviteToMap: () => Promise<string>): Route[] {
  return [
    {
      method: 'POST',
      pattern: '/fairlead/map/listener',
      handle: async () => json({ address: await inviteToMap() }),
    },
  ];
}

/** The names of containers are other people's words: whatever they hold, nothing but these files is run or asked. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function pageFile(path: string): ApiResponse {
  const file = readPageFile(path);
  if (file === undefined) return pageNotFound;
  const headers = {
    'Content-Type': file.contentType,
    'Content-Security-Policy': contentPolicy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    // The page must be of the same version as what it talks to.
    'Cache-Control': 'no-store',
  };
  return { kind: 'plain', status: 200, headers, body: file.body };
}

/** JSON has no line breaks, so one line of data holds a whole event (HTML, 9.2.6). */
async function* serverSentEvents(events: AsyncIterable<MapEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `data: ${JSON.stringify(event)}\n\n`;
}

const traceSchema = goObject({
  from: goString,
  to: goString,
  protocol: v.optional(v.picklist(['tcp', 'udp', 'icmp'])),
  family: v.optional(v.picklist([4, 6])),
});

/** As `/fairlead/traces` with `live`, but it cannot try fixes, and makes no connection that a server would notice. */
async function trace(diagnosis: EnginePort['diagnosis'], request: ApiRequest): Promise<ApiResponse> {
  const { from, to, protocol, family } = await readBody(request, traceSchema, 'MapTraceRequest');
  return await liveTrace(diagnosis, { from, to, ...(protocol && { protocol }), ...(family && { family }) });
}
