import { FairleadError } from '@fairlead/base';
import type { EnginePort, FileChange, FileService } from '@fairlead/engine';
import { type ApiRequest, flag, parameter, text } from '../http/request.ts';
import { type ApiResponse, empty, json, stream } from '../http/response.ts';
import type { Route } from '../http/route.ts';
import { presentPathStat } from '../wire/path-stat.ts';

/** Files that go into containers and come out of them. */
export function containerFileRoutes(engine: EnginePort): Route[] {
  return [
    {
      method: 'HEAD',
      pattern: '/containers/{id}/archive',
      handle: async (request) => stat(await engine.files(), request),
    },
    {
      method: 'GET',
      pattern: '/containers/{id}/archive',
      handle: async (request) => read(await engine.files(), request),
    },
    {
      method: 'PUT',
      pattern: '/containers/{id}/archive',
      handle: async (request) => extract(await engine.files(), request),
    },
    {
      method: 'GET',
      pattern: '/containers/{id}/export',
      handle: async (request) => exportContainer(await engine.files(), request),
    },
    {
      method: 'GET',
      pattern: '/containers/{id}/changes',
      handle: async (request) => changes(await engine.files(), request),
    },
  ];
}

const statHeader = 'X-Docker-Container-Path-Stat';

async function stat(files: FileService, request: ApiRequest): Promise<ApiResponse> {
  const found = await files.stat(parameter(request, 'id'), requiredPath(request));
  return { ...empty(200), headers: { 'Content-Type': 'application/json', [statHeader]: presentPathStat(found) } };
}

async function read(files: FileService, request: ApiRequest): Promise<ApiResponse> {
  const { stat, archive } = await files.read(parameter(request, 'id'), requiredPath(request));
  const headers = { 'Content-Type': 'application/x-tar', [statHeader]: presentPathStat(stat) };
  return { kind: 'stream', status: 200, headers, body: archive };
}

async function extract(files: FileService, request: ApiRequest): Promise<ApiResponse> {
  await files.extract(parameter(request, 'id'), requiredPath(request), request.body, {
    keepKinds: flag(request, 'noOverwriteDirNonDir'),
    ownedByUser: flag(request, 'copyUIDGID'),
  });
  return empty(200);
}

async function exportContainer(files: FileService, request: ApiRequest): Promise<ApiResponse> {
  return stream(await files.export(parameter(request, 'id')), 'application/octet-stream');
}

const kinds: Readonly<Record<FileChange['kind'], number>> = { modified: 0, added: 1, deleted: 2 };

async function changes(files: FileService, request: ApiRequest): Promise<ApiResponse> {
  const found = await files.changes(parameter(request, 'id'));
  return json(found.map(({ path, kind }) => ({ Path: path, Kind: kinds[kind] })));
}

function requiredPath(request: ApiRequest): string {
  const path = text(request, 'path');
  if (path === undefined) throw new FairleadError('invalid-argument', 'bad parameter: path cannot be empty');
  return path;
}
