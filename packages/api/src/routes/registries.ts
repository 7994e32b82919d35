import type { EnginePort } from '@fairlead/engine';
import { readJson } from '../http/json-body.ts';
import { decodeAuth, parseRegistryAuth } from '../http/registry-auth.ts';
import { type ApiRequest, parameter } from '../http/request.ts';
import { type ApiResponse, json } from '../http/response.ts';
import type { Route } from '../http/route.ts';

/** What registries are asked besides for images. */
export function registryRoutes({ registries }: EnginePort): Route[] {
  return [
    { method: 'POST', pattern: '/auth', handle: (request) => login(registries, request) },
    { method: 'GET', pattern: '/distribution/{name*}/json', handle: (request) => inspect(registries, request) },
  ];
}

/** No identity token is asked for: the password stays with the client, as with registries that give none. */
async function login(registries: EnginePort['registries'], request: ApiRequest): Promise<ApiResponse> {
  await registries.login(decodeAuth(await readJson(request)) ?? {});
  return json({ Status: 'Login Succeeded', IdentityToken: '' });
}

async function inspect(registries: EnginePort['registries'], request: ApiRequest): Promise<ApiResponse> {
  const auth = parseRegistryAuth(request.headers['x-registry-auth']);
  const { descriptor, platforms } = await registries.inspect(parameter(request, 'name'), auth);
  const { mediaType, digest, size } = descriptor;
  return json({
    Descriptor: { mediaType, digest, size },
    Platforms: platforms.map(({ architecture, os, variant }) => ({ architecture, os, ...(variant && { variant }) })),
  });
}
