import { FairleadError, lateModule } from '@fairlead/base';
import type { ContainerService, EnginePort, LogLine, LogOptions } from '@fairlead/engine';
import { requireDetachKeys } from '../http/detach-keys.ts';
import { type ApiRequest, flag, parameter, text } from '../http/request.ts';
import { type ApiResponse, stream } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { serveStreams } from '../http/serve-streams.ts';
import { untilGone } from '../http/until-gone.ts';
import { type LogFormat, logFrames } from '../wire/log-frames.ts';
import { streamMediaType } from '../wire/media-type.ts';
import { parseTimestamp } from '../wire/time.ts';

const websocket = lateModule(() => import('../http/websocket.ts'));

/** What goes in and comes out of a container's process. */
export function containerStreamRoutes({ containers }: EnginePort): Route[] {
  return [
    {
      method: 'POST',
      pattern: '/containers/{id}/attach',
      hijack: true,
      handle: (request) => attach(containers, request),
    },
    {
      method: 'GET',
      pattern: '/containers/{id}/attach/ws',
      hijack: true,
      handle: (request) => attachOverWebsocket(containers, request),
    },
    { method: 'GET', pattern: '/containers/{id}/logs', handle: (request) => logs(containers, request) },
  ];
}

async function attach(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const { streams, detachKeys } = await attached(containers, request);
  return {
    kind: 'takeover',
    contentType: streamMediaType(streams.tty, request.version),
    serve: (connection) => serveStreams(connection, streams, { detachKeys }),
  };
}

/** Browsers attach so. Both streams come as one, and each message of the client is standard input. */
async function attachOverWebsocket(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const { acceptWebsocket, WebsocketConnection } = await websocket();
  const upgradeHeaders = acceptWebsocket(request);
  const { streams, detachKeys } = await attached(containers, request);
  return {
    kind: 'takeover',
    contentType: streamMediaType(true, request.version),
    upgradeHeaders,
    async serve(connection) {
      const messages = new WebsocketConnection(connection);
      await serveStreams(messages, streams, { detachKeys, raw: true });
      await messages.close();
    },
  };
}

async function attached(containers: ContainerService, request: ApiRequest) {
  const detachKeys = text(request, 'detachKeys');
  if (detachKeys !== undefined) requireDetachKeys(detachKeys, 'detach');
  const streams = await containers.attach(parameter(request, 'id'), {
    stdin: flag(request, 'stdin'),
    stdout: flag(request, 'stdout'),
    stderr: flag(request, 'stderr'),
    logs: flag(request, 'logs'),
    stream: flag(request, 'stream'),
    ...(detachKeys !== undefined && { detachKeys }),
  });
  return { streams, detachKeys };
}

async function logs(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const { tty, lines } = await containers.logs(parameter(request, 'id'), logOptions(request));
  return stream(
    encodeLines(untilGone(lines, request.signal), {
      tty,
      timestamps: flag(request, 'timestamps'),
      details: flag(request, 'details'),
    }),
    streamMediaType(tty, request.version),
  );
}

/** What the query of a request for logs says. @throws FairleadError `invalid-argument` when no stream is asked for. */
export function logOptions(request: ApiRequest): LogOptions {
  const [stdout, stderr] = [flag(request, 'stdout'), flag(request, 'stderr')];
  if (!stdout && !stderr) {
    throw new FairleadError('invalid-argument', 'Bad parameters: you must choose at least one stream');
  }
  const since = parseTimestamp(text(request, 'since'));
  const until = parseTimestamp(text(request, 'until'));
  const tail = tailLines(text(request, 'tail'));
  return {
    stdout,
    stderr,
    follow: flag(request, 'follow'),
    ...(tail !== undefined && { tail }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

/** `all`, a negative number and anything that is none mean all, as they always did. */
function tailLines(tail: string | undefined): number | undefined {
  return tail !== undefined && /^\d{1,9}$/.test(tail) ? Number(tail) : undefined;
}

async function* encodeLines(batches: AsyncIterable<readonly LogLine[]>, format: LogFormat): AsyncGenerator<Uint8Array> {
  for await (const lines of batches) if (lines.length > 0) yield logFrames(lines, format);
}
