import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ServedFake, serveFake } from '../testing/serve-fake.ts';

let fake: ServedFake;

before(async () => {
  fake = await serveFake();
});

after(() => fake[Symbol.asyncDispose]());

test('credentials are checked', async () => {
  const login = (password: string) =>
    fake.client.json('POST', '/auth', { body: { username: 'me', password, serveraddress: 'registry.example' } });
  assert.deepEqual(await login('secret'), { Status: 'Login Succeeded', IdentityToken: '' });
  await assert.rejects(login('wrong'), { code: 'unauthorized' });
});

test('a registry’s image is described by its platforms', async () => {
  assert.deepEqual(await fake.client.json('GET', '/distribution/registry.example/deep/name:v1/json'), {
    Descriptor: { mediaType: 'application/vnd.oci.image.index.v1+json', digest: `sha256:${'d'.repeat(64)}`, size: 7 },
    Platforms: [
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm', os: 'linux', variant: 'v7' },
    ],
  });
});

test('a push reports as it goes, and says for programs what it has made', async () => {
  const headers = { 'X-Registry-Auth': Buffer.from('{"username":"me","password":"secret"}').toString('base64') };
  const options = { query: { tag: 'latest' }, headers };
  const lines = await Array.fromAsync(fake.client.lines('POST', '/images/busybox/push', options));
  assert.deepEqual(lines.slice(1), [
    { status: 'Pushed', progressDetail: {}, id: '4f4fb700ef54' },
    { progressDetail: {}, aux: { Tag: 'latest', Digest: fake.engine.images.find('busybox').id, Size: 528 } },
  ]);
  assert.deepEqual(fake.engine.images.lastAuth, { username: 'me', password: 'secret' });
});
