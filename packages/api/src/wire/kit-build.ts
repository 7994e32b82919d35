import type { RequestedBuild } from '@fairlead/engine';
import * as v from 'valibot';
import { type ApiRequest, text } from '../http/request.ts';
import { argumentsSchema, buildHost, decoded, parseImageQuery } from './build.ts';
import { goStringMap } from './go-json.ts';

const outputsSchema = v.array(v.object({ Type: v.string(), Attrs: v.optional(v.nullable(goStringMap)) }));

/** With this before a build's ID a request brings the context of that build, and nothing else. */
const uploadPrefix = 'upload-request:';

/** The ID of the build whose context a request brings; absent when it asks for a build. */
export function uploadOf(request: ApiRequest): string | undefined {
  const id = text(request, 'buildid') ?? '';
  return id.startsWith(uploadPrefix) ? id.slice(uploadPrefix.length) : undefined;
}

/**
 * What `POST /build` with `version=2` asks for.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseKitBuild(request: ApiRequest): RequestedBuild {
  const given = decoded(request, 'buildargs', 'error reading build args', argumentsSchema) ?? {};
  const outputs = decoded(request, 'outputs', 'error reading outputs', outputsSchema) ?? [];
  const { extraHosts, cgroupParent, shmSize, ulimits } = buildHost(request).host;
  return {
    id: text(request, 'buildid') ?? '',
    session: text(request, 'session') ?? '',
    remote: text(request, 'remote') ?? '',
    ...parseImageQuery(request),
    arguments: Object.fromEntries(
      Object.entries(given).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
    ),
    networkMode: text(request, 'networkmode') ?? '',
    ...{ extraHosts, cgroupParent, shmSize, ulimits },
    outputs: outputs.map(({ Type, Attrs }) => ({ type: Type, attributes: Attrs ?? {} })),
  };
}
