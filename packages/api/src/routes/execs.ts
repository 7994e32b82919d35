import { FairleadError, messageOf } from '@fairlead/base';
import type { AttachedStreams, ContainerService, EnginePort, Exec } from '@fairlead/engine';
import { requireDetachKeys } from '../http/detach-keys.ts';
import type { HijackedConnection } from '../http/hijacked-connection.ts';
import { readBody } from '../http/json-body.ts';
import { type ApiRequest, parameter } from '../http/request.ts';
import { type ApiResponse, empty, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { encodeChunk, serveStreams } from '../http/serve-streams.ts';
import { execCreateSchema, execStartSchema, presentExec, type WireExecStart } from '../wire/exec.ts';
import { streamMediaType } from '../wire/media-type.ts';
import { terminalSize } from './container-life.ts';

/** How processes are started in running containers. */
export function containerExecRoutes({ containers }: EnginePort): Route[] {
  return [{ method: 'POST', pattern: '/containers/{id}/exec', handle: (request) => create(containers, request) }];
}

/** Processes started in running containers. */
export function execRoutes({ containers }: EnginePort): Route[] {
  return [
    { method: 'POST', pattern: '/exec/{id}/start', hijack: true, handle: (request) => start(containers, request) },
    { method: 'POST', pattern: '/exec/{id}/resize', handle: (request) => resize(containers, request) },
    {
      method: 'GET',
      pattern: '/exec/{id}/json',
      handle: (request) => json(presentExec(containers.inspectExec(parameter(request, 'id')))),
    },
  ];
}

async function create(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const wire = await readBody(request, execCreateSchema, 'ExecOptions');
  if (wire.Cmd.length === 0) throw new FairleadError('invalid-argument', 'No exec command specified');
  if (wire.DetachKeys !== '') requireDetachKeys(wire.DetachKeys, 'escape');
  const id = await containers.createExec(parameter(request, 'id'), {
    command: wire.Cmd,
    env: wire.Env,
    user: wire.User,
    workingDir: wire.WorkingDir,
    privileged: wire.Privileged,
    tty: wire.Tty,
    attachStdin: wire.AttachStdin,
    attachStdout: wire.AttachStdout,
    attachStderr: wire.AttachStderr,
    detachKeys: wire.DetachKeys,
    ...(wire.ConsoleSize && { size: { rows: wire.ConsoleSize[0], columns: wire.ConsoleSize[1] } }),
  });
  return json({ Id: id }, 201);
}

async function start(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const wire = await readBody(request, execStartSchema, 'ExecStartOptions');
  const exec = containers.startableExec(parameter(request, 'id'));
  const isNew = !exec.running && exec.exitCode === null;
  if (exec.tty && isNew && wire.ConsoleSize !== undefined) await containers.resizeExec(exec.id, ...wire.ConsoleSize);
  if (wire.Detach) {
    await containers.startExec(exec.id, { detach: true, tty: wire.Tty });
    return empty(200);
  }
  return {
    kind: 'takeover',
    contentType: streamMediaType(wire.Tty, request.version),
    serve: async (connection) => await serve(containers, exec, wire, connection),
  };
}

/**
 * The client has been told that the connection is its own, so a start that fails is told on it, as Docker does; the
 * client learns the exit status from the exec afterwards.
 */
async function serve(
  containers: ContainerService,
  exec: Exec,
  wire: WireExecStart,
  connection: HijackedConnection,
): Promise<void> {
  let streams: AttachedStreams | undefined;
  try {
    streams = await containers.startExec(exec.id, { detach: false, tty: wire.Tty });
  } catch (error) {
    const data = Buffer.from(`${messageOf(error)}\r\n`);
    return await connection.write(encodeChunk({ stream: 'stdout', data }, wire.Tty));
  }
  // The form of the output is the start's, whatever the process has.
  const options = { detachKeys: exec.detachKeys || undefined, raw: wire.Tty };
  if (streams !== undefined) await serveStreams(connection, streams, options);
}

async function resize(containers: ContainerService, request: ApiRequest): Promise<ApiResponse> {
  const { rows, columns } = terminalSize(request);
  await containers.resizeExec(parameter(request, 'id'), rows, columns);
  return empty(200);
}
