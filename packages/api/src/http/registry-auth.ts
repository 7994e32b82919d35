import { FairleadError } from '@fairlead/base';
import type { Json, RegistryAuth } from '@fairlead/engine';
import { decodeJson, goObject, goString } from '../wire/go-json.ts';

const authSchema = goObject({
  username: goString,
  password: goString,
  auth: goString,
  identitytoken: goString,
  registrytoken: goString,
  serveraddress: goString,
});

/**
 * Credentials from the header `X-Registry-Auth`: JSON in base64, of either alphabet.
 *
 * @returns `undefined` when there are none.
 * @throws FairleadError `invalid-argument` when the header cannot be read.
 */
export function parseRegistryAuth(header: string | string[] | undefined): RegistryAuth | undefined {
  const encoded = Array.isArray(header) ? header[0] : header;
  if (encoded === undefined || encoded === '') return undefined;
  return decodeAuth(parse(Buffer.from(encoded, 'base64').toString('utf8')));
}

/** Credentials from JSON. @returns `undefined` when there are none. */
export function decodeAuth(json: Json): RegistryAuth | undefined {
  const wire = decodeJson(authSchema, json, 'AuthConfig');
  const [name = '', ...rest] = Buffer.from(wire.auth, 'base64').toString('utf8').split(':');
  const username = wire.username || name;
  const password = wire.password || rest.join(':');
  const auth: RegistryAuth = {
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    ...(wire.identitytoken !== '' && { identityToken: wire.identitytoken }),
    ...(wire.registrytoken !== '' && { registryToken: wire.registrytoken }),
    ...(wire.serveraddress !== '' && { serverAddress: wire.serveraddress }),
  };
  return Object.keys(auth).length > 0 ? auth : undefined;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text === '' ? '{}' : text) as Json;
  } catch (cause) {
    throw new FairleadError('invalid-argument', 'invalid X-Registry-Auth header: invalid JSON', { cause });
  }
}
