import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeRegistry } from '../testing/fake-registry.ts';
import { checkCredentials, registryHost } from './registry-login.ts';

test('a server is known by any of its names', () => {
  for (const [address, host] of [
    ['https://index.docker.io/v1/', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['', 'docker.io'],
    ['registry.example:5000', 'registry.example:5000'],
    ['https://registry.example/v2/', 'registry.example'],
    ['http://[::1]:5000', '[::1]:5000'],
  ] as const) {
    assert.equal(registryHost(address), host, address);
  }
});

test('credentials are right when the registry lets them in', async () => {
  await using registry = await FakeRegistry.start();
  const right = `Basic ${Buffer.from('me:secret').toString('base64')}`;
  registry.intercept = (request, response) => {
    if (request.headers.authorization === right) return false;
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="here"' }).end();
    return true;
  };
  await checkCredentials(registry.host, { username: 'me', password: 'secret' }, {});
  await assert.rejects(checkCredentials(registry.host, { username: 'me', password: 'wrong' }, {}), {
    code: 'unauthorized',
    message: `login attempt to http://${registry.host}/v2/ failed with status: 401 Unauthorized`,
  });
});
