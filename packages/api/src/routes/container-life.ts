import { FairleadError, messageOf } from '@fairlead/base';
import type { ContainerService, EnginePort, StopOptions, WaitCondition } from '@fairlead/engine';
import { type ApiRequest, integer, parameter, readText, text } from '../http/request.ts';
import { type ApiResponse, empty, stream } from '../http/response.ts';
import type { Route } from '../http/route.ts';

/** Operations on the life of a container. */
type Life = Pick<ContainerService, 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause'>;

/** What begins and ends the life of a container, and what interrupts it. */
export function containerTurnRoutes(containers: Life): Route[] {
  const post = (verb: string, handle: (id: string, request: ApiRequest) => Promise<void>): Route => ({
    method: 'POST',
    pattern: `/containers/{id}/${verb}`,
    handle: async (request) => {
      await handle(parameter(request, 'id'), request);
      return empty(204);
    },
  });
  return [
    post('start', (id, request) => start(containers, id, request)),
    post('stop', (id, request) => containers.stop(id, stopOptions(request))),
    post('restart', (id, request) => containers.restart(id, stopOptions(request))),
    post('kill', (id, request) => containers.kill(id, text(request, 'signal'))),
    post('pause', (id) => containers.pause(id)),
    post('unpause', (id) => containers.unpause(id)),
  ];
}

/** Containers in time: started, stopped, waited for. */
export function containerLifeRoutes({ containers }: EnginePort): Route[] {
  return [
    ...containerTurnRoutes(containers),
    { method: 'POST', pattern: '/containers/{id}/wait', handle: (request) => wait(containers, request) },
    { method: 'POST', pattern: '/containers/{id}/resize', handle: (request) => resize(containers, request) },
  ];
}

async function start(containers: Life, id: string, request: ApiRequest): Promise<void> {
  const body = await readText(request);
  // `{}` and `null` come from clients that always send something.
  if (!['', '{}', 'null'].includes(body.trim())) {
    const fault = 'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24';
    throw new FairleadError('invalid-argument', fault);
  }
  await containers.start(id);
}

function stopOptions(request: ApiRequest): StopOptions {
  const timeout = integer(request, 't');
  // Before 1.42 the parameter did not exist.
  const signal = request.version >= 42 ? text(request, 'signal') : undefined;
  return { ...(timeout !== undefined && { timeout }), ...(signal !== undefined && { signal }) };
}

/** The headers go out as soon as the wait is armed: `docker run` starts the container only after that. */
async function wait(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const { result } = await containers.wait(parameter(request, 'id'), waitCondition(request));
  return stream(waitBody(result), 'application/json');
}

async function* waitBody(result: Promise<{ exitCode: number; error?: string }>): AsyncGenerator<string> {
  const { exitCode, error } = await result.catch((failure: unknown) => ({ exitCode: -1, error: messageOf(failure) }));
  yield `${JSON.stringify({ StatusCode: exitCode, ...(error !== undefined && { Error: { Message: error } }) })}\n`;
}

const conditions: readonly WaitCondition[] = ['not-running', 'next-exit', 'removed'];

function waitCondition(request: ApiRequest): WaitCondition {
  const asked = request.version >= 30 ? text(request, 'condition') : undefined;
  const condition = conditions.find((name) => name === (asked ?? 'not-running'));
  if (condition === undefined) throw new FairleadError('invalid-argument', `invalid condition: "${asked}"`);
  return condition;
}

async function resize(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const { rows, columns } = terminalSize(request);
  await containers.resize(parameter(request, 'id'), rows, columns);
  return empty(200);
}

/**
 * Size of a terminal from the query.
 *
 * @throws FairleadError `invalid-argument` when a side is missing or no number.
 */
export function terminalSize(request: ApiRequest): { readonly rows: number; readonly columns: number } {
  const side = (name: string): number => {
    const value = text(request, name) ?? '';
    if (/^\d{1,9}$/.test(value)) return Number(value);
    throw new FairleadError('invalid-argument', `strconv.ParseUint: parsing ${JSON.stringify(value)}: invalid syntax`);
  };
  return { rows: side('h'), columns: side('w') };
}
