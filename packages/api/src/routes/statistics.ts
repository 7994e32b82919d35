import { FairleadError } from '@fairlead/base';
import type { ContainerStatistics, EnginePort } from '@fairlead/engine';
import { type ApiRequest, flag, parameter } from '../http/request.ts';
import { type ApiResponse, jsonLines } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { presentStatistics } from '../wire/statistics.ts';

/** What containers use. */
export function statisticsRoutes(engine: EnginePort): Route[] {
  return [{ method: 'GET', pattern: '/containers/{id}/stats', handle: (request) => statistics(engine, request) }];
}

function statistics(engine: EnginePort, request: ApiRequest): ApiResponse {
  const stream = flag(request, 'stream', true);
  // Before 1.41 the parameter did not exist.
  const oneShot = request.version >= 41 && flag(request, 'one-shot');
  if (stream && oneShot) {
    throw new FairleadError('invalid-argument', 'cannot have stream=true and one-shot=true');
  }
  const { signal } = request;
  return jsonLines(presented(engine.statistics(parameter(request, 'id'), { stream, oneShot, signal })));
}

async function* presented(answers: AsyncIterable<ContainerStatistics>) {
  for await (const answer of answers) yield presentStatistics(answer);
}
