import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeRegistry, type Intercept, refuse } from '../testing/fake-registry.ts';
import { RegistryConnection } from './registry-connection.ts';

const credentials = { username: 'ann', password: 'secret' };

/** Wants a name and a password for everything. */
const challenging: Intercept = ({ headers }, response) => {
  if (headers.authorization !== undefined) return false;
  response.setHeader('WWW-Authenticate', 'Basic realm="here"');
  refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
  return true;
};

test('credentials are shown to the registry, and to nobody to whom it sends what it is given', async () => {
  await using registry = await FakeRegistry.start();
  await using elsewhere = await FakeRegistry.start();
  for (const each of [registry, elsewhere]) each.intercept = challenging;
  const endpoint = { bases: [new URL(`http://${registry.host}`)], mirror: false, tls: {} };
  using connection = await RegistryConnection.open(endpoint, '', { credentials });
  const statuses: (number | undefined)[] = [];
  for (const { host } of [registry, elsewhere]) {
    const response = await connection.send({ method: 'GET', url: new URL(`http://${host}/v2/`) });
    response.resume();
    statuses.push(response.statusCode);
  }
  assert.deepEqual(statuses, [200, 401]);
  assert.match(registry.requests.at(-1)?.authorization ?? '', /^Basic /);
  assert.deepEqual(
    elsewhere.requests.map(({ authorization }) => authorization),
    [''],
  );
});

test('a mirror is not told who asks', async () => {
  await using mirror = await FakeRegistry.start();
  const endpoint = { bases: [new URL(`http://${mirror.host}`)], mirror: true, tls: {} };
  using connection = await RegistryConnection.open(endpoint, '', { credentials: { registryToken: 'token' } });
  (await connection.send({ method: 'GET', url: new URL('/v2/', connection.base) })).resume();
  assert.deepEqual(
    mirror.requests.map(({ authorization }) => authorization),
    ['', ''],
  );
});
