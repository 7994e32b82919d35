import { FairleadError } from '@fairlead/base';
import { operation } from './http-transport.ts';
import type { RegistryCredentials } from './registry-authorizer.ts';
import { RegistryConnection } from './registry-connection.ts';
import { type RegistrySettings, registryEndpoints } from './registry-endpoint.ts';

/** What Docker's own registry has been called since before it had a second version. */
const hubAddresses = /^(https?:\/\/)?(index\.)?docker\.io(\/v1)?\/?$/;

/** Registry host behind what a client calls a server: `https://index.docker.io/v1/` is `docker.io`. */
export function registryHost(serverAddress: string): string {
  if (serverAddress === '' || hubAddresses.test(serverAddress)) return 'docker.io';
  return serverAddress.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

/**
 * Find out whether a registry takes credentials.
 *
 * @throws FairleadError `unauthorized` when it does not, `internal` when it cannot be asked.
 */
export async function checkCredentials(
  serverAddress: string,
  credentials: RegistryCredentials,
  settings: RegistrySettings,
): Promise<void> {
  const endpoint = (await registryEndpoints(registryHost(serverAddress), settings)).find(({ mirror }) => !mirror);
  if (endpoint === undefined) throw new FairleadError('internal', `no endpoint for ${serverAddress}`);
  using connection = await RegistryConnection.open(endpoint, '', { credentials });
  const url = new URL('/v2/', connection.base);
  const response = await connection.send({ method: 'GET', url });
  response.resume();
  if (response.statusCode === 200) return;
  const status = `${response.statusCode} ${response.statusMessage ?? ''}`.trim();
  const code = response.statusCode === 401 ? 'unauthorized' : 'internal';
  const attempt = operation({ method: 'GET', url }).replace(/^Get "(.*)"$/, '$1');
  throw new FairleadError(code, `login attempt to ${attempt} failed with status: ${status}`);
}
