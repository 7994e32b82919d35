import { codeOf, FairleadError, parsePortRange } from '@fairlead/base';
import type { EnginePort } from '@fairlead/engine';
import * as v from 'valibot';
import { readBody } from '../http/json-body.ts';
import { type ApiRequest, flag, integer, parameter, text } from '../http/request.ts';
import { type ApiResponse, empty, json, jsonLines, plainText, stream } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { isUp } from '../wire/container-summary.ts';
import { goBoolean, goObject, goString } from '../wire/go-json.ts';
import { parseDuration, parseTimestamp } from '../wire/time.ts';
import { liveTrace } from './live-trace.ts';
import { nameRoutes, networkChangeRoutes } from './network-changes.ts';

/** What the Docker API has no words for; spelled in camelCase, as the engine does. */
export function fairleadRoutes(engine: EnginePort, productVersion: string): Route[] {
  return [
    { method: 'GET', pattern: '/fairlead/status', handle: () => status(engine, productVersion) },
    { method: 'POST', pattern: '/fairlead/withdrawal', handle: () => withdraw(engine) },
    { method: 'POST', pattern: '/fairlead/shutdown', handle: async () => json(await engine.stopForShutdown()) },
    { method: 'GET', pattern: '/fairlead/operations', handle: () => json(engine.operations()) },
    {
      method: 'GET',
      pattern: '/fairlead/operations/{id}/transcript',
      handle: (request) => transcript(engine, parameter(request, 'id')),
    },
    {
      method: 'GET',
      pattern: '/fairlead/operations/{id}/account',
      handle: async (request) => json(await engine.account(parameter(request, 'id'))),
    },
    { method: 'GET', pattern: '/fairlead/doctor', handle: async () => json(await engine.diagnosis.examine()) },
    {
      method: 'GET',
      pattern: '/fairlead/drops',
      handle: (request) => jsonLines(engine.diagnosis.drops(request.signal)),
    },
    { method: 'GET', pattern: '/fairlead/forwarding', handle: async () => json((await engine.map()).forwarding()) },
    { method: 'GET', pattern: '/fairlead/flows', handle: (request) => flows(engine, request) },
    { method: 'GET', pattern: '/fairlead/log', handle: (request) => journal(engine, request) },
    { method: 'GET', pattern: '/fairlead/captures/{target}', handle: (request) => capture(engine, request) },
    { method: 'POST', pattern: '/fairlead/traces', handle: (request) => trace(engine, request) },
    ...networkChangeRoutes(engine),
    { method: 'GET', pattern: '/fairlead/containers/{id}/reach', handle: (request) => reach(engine, request) },
    ...nameRoutes(engine),
  ];
}

/** What `fairlead down` asks for before it ends the engine. */
function withdraw(engine: EnginePort): ApiResponse {
  engine.leaveNothing();
  return empty(204);
}

async function status(engine: EnginePort, productVersion: string): Promise<ApiResponse> {
  const containers = engine.containers.list();
  return json({
    version: productVersion,
    pid: process.pid,
    uptime: Math.round(process.uptime()),
    containers: containers.length,
    running: containers.filter(({ container }) => isUp(container.state)).length,
    networks: engine.networks.list().length,
    operations: engine.operations().length,
    info: await engine.info(),
  });
}

/** `last` stands for the newest operation. */
async function transcript(engine: EnginePort, id: string): Promise<ApiResponse> {
  const lines = await engine.transcript(id === 'last' ? undefined : id);
  return plainText(lines.map((line) => `${line}\n`).join(''));
}

/** A line for each connection; with `follow` there are more as long as the client listens. */
async function flows(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const [container, network, port] = [text(request, 'container'), text(request, 'network'), integer(request, 'port')];
  const since = parseTimestamp(text(request, 'since'));
  const filter = {
    all: flag(request, 'all'),
    ...(container !== undefined && { container: await containerName(engine, container) }),
    ...(network !== undefined && { network: networkName(engine, network) }),
    ...(port !== undefined && { port }),
    ...(since !== undefined && { since: Number(since / 1_000_000n) }),
  };
  if (flag(request, 'follow')) return jsonLines(engine.diagnosis.followFlows(filter, request.signal));
  return jsonLines(eachOf(await engine.diagnosis.flows(filter)));
}

async function* eachOf<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

/** What is gone by now is meant by the name that it had. */
async function containerName(engine: EnginePort, reference: string): Promise<string> {
  try {
    return (await engine.containers.inspect(reference)).container.name;
  } catch (error) {
    if (codeOf(error) === 'not-found') return reference;
    throw error;
  }
}

function networkName(engine: EnginePort, reference: string): string {
  try {
    return engine.networks.inspect(reference).network.name;
  } catch (error) {
    if (codeOf(error) === 'not-found') return reference;
    throw error;
  }
}

const journalKinds = ['operation', 'foreign', 'daemon'] as const;

/** A line for each thing that was done; with `follow` there are more as long as the client listens. */
async function journal(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const since = parseTimestamp(text(request, 'since'));
  const wanted = request.query.getAll('kind').filter(Boolean);
  for (const word of wanted)
    if (!journalKinds.some((kind) => kind === word))
      throw new FairleadError('invalid-argument', `invalid kind ${word}: it is ${journalKinds.join(', ')}`);
  const filter = {
    ...(wanted.length > 0 && { kinds: journalKinds.filter((kind) => wanted.includes(kind)) }),
    ...(since !== undefined && { since: Number(since / 1_000_000n) }),
  };
  if (flag(request, 'follow')) return jsonLines(engine.diagnosis.followJournal(filter, request.signal));
  return jsonLines(eachOf(await engine.diagnosis.journal(filter)));
}

/** A pcapng file that goes on as long as the client listens. */
async function capture(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const [only, filter] = [text(request, 'interface'), text(request, 'filter') ?? ''];
  const [snapLength, count] = ['snaplen', 'count'].map((name) => positive(request, name));
  const duration = durationOf(request);
  const wanted = {
    target: parameter(request, 'target'),
    filter,
    hostSide: flag(request, 'hostSide'),
    ...(only !== undefined && { interface: only }),
    ...(snapLength !== undefined && { snapLength }),
    ...(count !== undefined && { count }),
    ...(duration !== undefined && { duration }),
  };
  return stream(await engine.diagnosis.capture(wanted, request.signal), 'application/x-pcapng');
}

function positive(request: ApiRequest, name: string): number | undefined {
  const value = integer(request, name);
  if (value === undefined || value > 0) return value;
  throw new FairleadError('invalid-argument', `${name} has to be more than 0`);
}

/** Milliseconds; a Go duration. */
function durationOf(request: ApiRequest): number | undefined {
  const given = text(request, 'duration');
  if (given === undefined) return undefined;
  const nanoseconds = parseDuration(given);
  if (nanoseconds === undefined)
    throw new FairleadError('invalid-argument', `time: invalid duration ${JSON.stringify(given)}`);
  return nanoseconds / 1e6;
}

const traceSchema = goObject({
  from: goString,
  to: goString,
  protocol: v.optional(v.picklist(['tcp', 'udp', 'icmp'])),
  family: v.optional(v.picklist([4, 6])),
  connect: goBoolean,
  pcapng: goBoolean,
  size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(28), v.maxValue(65_535))),
  apply: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  agreed: v.optional(v.array(v.string())),
  timeout: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(60_000))),
});

/**
 * Whatever becomes of the packet, the answer is 200 with a report; with `live` lines that tell of the probe and of each hop as
 * it is seen, and the report as the last of them.
 */
async function trace(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const { from, to, connect, pcapng, protocol, family, size, timeout, apply, agreed } = await readBody(
    request,
    traceSchema,
    'TraceRequest',
  );
  const chosen = {
    ...(protocol && { protocol }),
    ...(family && { family }),
    ...(size && { size }),
    ...(timeout && { timeout }),
    ...(apply && { apply }),
    ...(agreed && { agreed }),
  };
  const wanted = { from, to, connect, pcapng, ...chosen };
  if (!flag(request, 'live')) return json(await engine.diagnosis.trace(wanted));
  return await liveTrace(engine.diagnosis, wanted);
}

/** Who can reach what a container publishes, or one port of it. */
async function reach(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const text = request.query.get('port');
  const port = text === null ? undefined : parsePortRange(text);
  if (text !== null && port === undefined) throw new FairleadError('invalid-argument', `invalid port: ${text}`);
  return json(await engine.diagnosis.reach(parameter(request, 'id'), port?.first));
}
