import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ServedFake, serveFake } from '../testing/serve-fake.ts';

let fake: ServedFake;

before(async () => {
  fake = await serveFake();
});

after(() => fake[Symbol.asyncDispose]());

const archive = '/containers/web/archive';
const path = '/etc/hostname';

test('a path is told in a header, with or without its archive', async () => {
  for (const method of ['HEAD', 'GET']) {
    const answer = await fake.client.open(method, archive, { query: { path } });
    const header = String(answer.headers['x-docker-container-path-stat']);
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64').toString()), {
      name: 'hostname',
      size: 5,
      mode: 0o644,
      mtime: '1970-01-01T00:00:00Z',
      linkTarget: '',
    });
    const text = Buffer.concat(await answer.toArray()).toString();
    assert.equal(text, method === 'HEAD' ? '' : 'fake\n');
  }
});

test('what is put reaches the engine as it comes, with what was said about it', async () => {
  async function* content(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('new ');
    yield Buffer.from('content');
  }
  const query = { path: '/srv', noOverwriteDirNonDir: 'true', copyUIDGID: '0' };
  await fake.client.text('PUT', archive, { query, stream: content() });
  assert.equal(fake.engine.fakeFiles.contents.get('/srv'), 'new content');
  assert.deepEqual(fake.engine.fakeFiles.lastOptions, { keepKinds: true, ownedByUser: false });
});

test('a path that is not there, and one that is not given, are refused in Docker’s words', async () => {
  const missing = fake.client.text('GET', archive, { query: { path: '/none' } });
  await assert.rejects(missing, { code: 'not-found', message: 'Could not find the file /none in container web' });
  await assert.rejects(fake.client.text('GET', archive), { code: 'invalid-argument', message: /path cannot be empty/ });
});

test('changes are numbered as in Docker', async () => {
  assert.deepEqual(await fake.client.json('GET', '/containers/web/changes'), [
    { Path: '/modified', Kind: 0 },
    { Path: '/added', Kind: 1 },
    { Path: '/deleted', Kind: 2 },
  ]);
});

test('a commit carries what the query and the body say', async () => {
  const { Id: container } = await fake.client.json<{ Id: string }>('POST', '/containers/create', {
    body: { Image: 'busybox', Cmd: ['true'] },
  });
  const query = {
    container,
    repo: 'mine',
    tag: 'v1',
    author: 'me',
    comment: 'why',
    pause: '0',
    changes: ['ENV A=b', 'USER x'],
  };
  const body = { User: 'web', Env: ['C=d'], ExposedPorts: { '80/tcp': {} }, Labels: { a: 'b' } };
  const { Id } = await fake.client.json<{ Id: string }>('POST', '/commit', { query, body });
  assert.match(Id, /^sha256:[0-9a-f]{64}$/);
  const { config, ...options } = fake.engine.lastCommit ?? {};
  assert.deepEqual(options, {
    repository: 'mine',
    tag: 'v1',
    author: 'me',
    message: 'why',
    pause: false,
    changes: ['ENV A=b', 'USER x'],
  });
  assert.deepEqual([config?.user, config?.env, config?.exposedPorts], ['web', ['C=d'], ['80/tcp']]);
});
