import type { CommitOptions, EnginePort } from '@fairlead/engine';
import { readJson } from '../http/json-body.ts';
import { type ApiRequest, flag, text } from '../http/request.ts';
import { type ApiResponse, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { createSchema } from '../wire/create-schema.ts';
import { decodeJson } from '../wire/go-json.ts';
import { parseRunSettings } from '../wire/run-settings.ts';

/** Images made of containers. */
export function commitRoutes(engine: EnginePort): Route[] {
  return [{ method: 'POST', pattern: '/commit', handle: (request) => commit(engine, request) }];
}

async function commit(engine: EnginePort, request: ApiRequest): Promise<ApiResponse> {
  const [repository, tag] = [text(request, 'repo'), text(request, 'tag')];
  const id = await engine.commit(text(request, 'container') ?? '', {
    ...(repository !== undefined && { repository }),
    ...(tag !== undefined && { tag }),
    author: text(request, 'author') ?? '',
    message: text(request, 'comment') ?? '',
    pause: flag(request, 'pause', true),
    changes: request.query
      .getAll('changes')
      .flatMap((changes) => changes.split('\n'))
      .filter((line) => line !== ''),
    config: await askedConfig(request),
  });
  return json({ Id: id }, 201);
}

/** The body is a container's `Config`, or `null` from the docker command. */
async function askedConfig(request: ApiRequest): Promise<CommitOptions['config']> {
  const wire = decodeJson(createSchema, (await readJson(request)) ?? {}, 'Config');
  return { ...parseRunSettings(wire), stopSignal: wire.StopSignal };
}
