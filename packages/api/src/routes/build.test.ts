import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { type ServedFake, serveFake } from '../testing/serve-fake.ts';
import { parseCredentials } from '../wire/build.ts';

let fake: ServedFake;

before(async () => {
  fake = await serveFake();
});

after(() => fake[Symbol.asyncDispose]());

const build = (query: Record<string, string>, version = '') =>
  Array.fromAsync(
    fake.client.lines('POST', `${version}/build`, { query, stream: Readable.from([Buffer.from('archive')]) }),
  );

test('a build reports as it goes, and ends with the image’s ID for programs', async () => {
  const lines = await build({ t: 'made:1' });
  const { id } = fake.engine.images.find('made:1');
  assert.deepEqual(lines, [
    { stream: 'Step 1/1 : FROM busybox\n' },
    { aux: { ID: id } },
    { stream: `Successfully built ${id.slice(7, 19)}\n` },
  ]);
  assert.deepEqual((await build({ t: 'made:2' }, '/v1.29')).length, 2);
  assert.deepEqual(await build({ t: 'made:3', q: '1' }), [{ stream: `${fake.engine.images.find('made:3').id}\n` }]);
});

test('a build of BuildKit tells what goes on in BuildKit’s form, and its image’s ID for programs', async () => {
  const lines = await build({ version: '2', t: 'kit:1', session: 's', remote: 'client-session', buildid: 'b' });
  const { id } = fake.engine.images.find('kit:1');
  assert.deepEqual(lines, [
    { id: 'moby.buildkit.trace', aux: Buffer.from('begun').toString('base64') },
    { id: 'moby.image.id', aux: { ID: id } },
  ]);
  const quiet = await build({ version: '2', t: 'kit:2', q: '1' });
  assert.deepEqual(quiet, [{ stream: `${fake.engine.images.find('kit:2').id}\n` }]);
});

test('what a request asks for reaches BuildKit', async () => {
  await build({
    version: '2',
    buildargs: '{"A":"1","B":null}',
    outputs: '[{"Type":"local","Attrs":{"x":"y"}},{"Type":"tar","Attrs":null}]',
    extrahosts: 'h:host-gateway',
    networkmode: 'none',
    ulimits: '[{"Name":"nofile","Soft":1,"Hard":2}]',
  });
  const { requested, bytes } = fake.engine.lastKitBuild ?? assert.fail();
  const { arguments: given, outputs, extraHosts, networkMode, ulimits, remote } = requested;
  assert.deepEqual([bytes, given, extraHosts, networkMode, remote], [7, { A: '1' }, ['h:host-gateway'], 'none', '']);
  assert.deepEqual(ulimits, [{ name: 'nofile', soft: 1, hard: 2 }]);
  assert.deepEqual(outputs, [
    { type: 'local', attributes: { x: 'y' } },
    { type: 'tar', attributes: {} },
  ]);
});

test('a context can come in a request of its own, and a build is cancelled by its ID', async () => {
  assert.deepEqual(await build({ version: '2', buildid: 'upload-request:b' }), []);
  assert.deepEqual(fake.engine.lastContext, ['b', 1]);
  await fake.client.text('POST', '/build/cancel', { query: { id: 'b' } });
  assert.deepEqual(fake.engine.cancelledBuilds, ['b']);
  await assert.rejects(fake.client.text('POST', '/build/cancel'), { message: 'build ID not provided' });
});

test('a command that fails is told with its code, also when nothing else is to be told', async () => {
  const failure = { errorDetail: { code: 3, message: 'The command failed' }, error: 'The command failed' };
  for (const q of ['0', '1']) {
    assert.deepEqual(await build({ target: 'broken', q }), [{ stream: 'Step 1/1 : FROM busybox\n' }, failure]);
  }
});

test('what a request asks for reaches the builder', async () => {
  await build({
    dockerfile: 'd/F',
    nocache: '1',
    forcerm: '1',
    pull: 'true',
    target: 'one',
    buildargs: '{"A":"1","B":null}',
    labels: '{"x":"y"}',
    cachefrom: '["a:1"]',
    memory: '1000000',
    cpushares: '5',
    shmsize: '4096',
    networkmode: 'none',
    extrahosts: 'h:10.0.0.1',
    ulimits: '[{"Name":"nofile","Soft":1,"Hard":2}]',
    outputs: '[]',
  });
  const options = fake.engine.lastBuild?.options;
  assert.ok(options !== undefined);
  const { host, arguments: given, signal: _, credentials: __, requireHost, ...rest } = options;
  assert.deepEqual(rest, {
    dockerfile: 'd/F',
    tags: [],
    labels: { x: 'y' },
    target: 'one',
    platform: '',
    noCache: true,
    cacheFrom: ['a:1'],
    pull: true,
    remove: true,
    forceRemove: true,
  });
  assert.deepEqual(
    [...given],
    [
      ['A', '1'],
      ['B', undefined],
    ],
  );
  assert.deepEqual([host.networkMode, host.shmSize, host.extraHosts], ['none', 4096, ['h:10.0.0.1']]);
  assert.deepEqual(host.limits, { memory: 1_000_000, memorySwap: 2_000_000, cpuShares: 5 });
  assert.throws(requireHost, { message: 'Minimum memory limit allowed is 6MB' });
  assert.deepEqual([host.ulimits, host.logConfig.type], [[{ name: 'nofile', soft: 1, hard: 2 }], 'none']);
});

test('what is not done is refused in one line', async () => {
  const table: [query: Record<string, string>, code: string, message: RegExp][] = [
    [{ version: '3' }, 'invalid-argument', /^invalid version 3$/],
    [{ squash: '1' }, 'invalid-argument', /^squash is only supported with experimental mode$/],
    [{ remote: 'https://git.example/x.git' }, 'not-implemented', /^building from https:\/\/git.example\/x.git is not/],
    [{ outputs: '[{"Type":"tar"}]' }, 'not-implemented', /^outputs other than an image/],
    [{ isolation: 'hyperv' }, 'invalid-argument', /^Unsupported isolation: "hyperv"$/],
    [{ securityopt: 'x' }, 'invalid-argument', /does not support setting security options on build$/],
    [{ buildargs: '{' }, 'invalid-argument', /^error reading build args/],
    [{ buildargs: '[1]' }, 'invalid-argument', /./],
    [{ labels: '{"a":1}' }, 'invalid-argument', /./],
    [{ cachefrom: '"x"' }, 'invalid-argument', /./],
    [{ ulimits: '{}' }, 'invalid-argument', /./],
  ];
  for (const [query, code, message] of table) {
    await assert.rejects(build(query), { code, message }, JSON.stringify(query));
  }
  await assert.rejects(Array.fromAsync(fake.client.lines('POST', '/build', {})), {
    code: 'invalid-argument',
    message: 'Cannot locate specified Dockerfile: Dockerfile',
  });
});

test('credentials are found by the registry’s host', () => {
  const auth = { username: 'u', password: 'p' };
  const header = Buffer.from(
    JSON.stringify({ 'https://index.docker.io/v1/': auth, 'localhost:5000': auth, 'empty.example': {} }),
  ).toString('base64');
  assert.deepEqual([...parseCredentials(header).keys()], ['docker.io', 'localhost:5000']);
  for (const nonsense of [undefined, 'x', Buffer.from('[]').toString('base64')]) {
    assert.equal(parseCredentials(nonsense).size, 0);
  }
});
