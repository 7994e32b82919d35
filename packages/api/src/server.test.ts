import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError, isConflict, messageOf } from '@fairlead/base';
import { ApiClient } from './client/api-client.ts';
import { ApiServer } from './server.ts';
import { serveFake } from './testing/index.ts';
import { createContainer, raw, startContainer } from './testing/requests.ts';

/** Resolves when a stream is over, however it ends. */
function closed(stream: Readable): Promise<unknown> {
  stream.on('error', () => {});
  stream.resume();
  return new Promise((resolve) => stream.once('close', resolve));
}

test('ping tells versions in its headers, to GET and to HEAD', async () => {
  await using fake = await serveFake();
  for (const [method, body] of [
    ['GET', 'OK'],
    ['HEAD', ''],
  ] as const) {
    const answer = await fake.client.open(method, '/_ping');
    assert.equal(answer.headers['api-version'], '1.51');
    assert.equal(answer.headers['docker-experimental'], 'false');
    assert.equal(answer.headers['ostype'], 'linux');
    assert.equal(answer.headers['cache-control'], 'no-cache, no-store, must-revalidate');
    assert.equal((await answer.toArray()).join(''), body);
  }
});

test('names with the slash of inspect, a slash at the end and the question of browsers are answered as by Docker', async () => {
  await using fake = await serveFake();
  const id = await createContainer(fake, ['true']);
  for (const [line, answer] of [
    [`GET /v1.51/containers//${id}/json?size=1`, `301 /v1.51/containers/${id}/json?size=1`],
    [`POST /containers//${id}/attach`, `301 /containers/${id}/attach`],
    [`GET /containers/%2F${id}/json`, `301 /containers/${id}/json`],
    ['GET /networks/', '200 '],
    ['OPTIONS /v1.51/containers/json', '200 '],
    ['GET http://docker/_ping', '200 '],
    ['GET /containers/json?all=%zz', '400 '],
  ] as const) {
    const text = await raw(fake, `${line} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`);
    const [status, location = ''] = [/^HTTP\/1.1 (\d+)/.exec(text)?.[1], /^location: (.*)\r$/im.exec(text)?.[1]];
    assert.equal(`${status} ${location}`, answer, line);
  }
});

test('headers may be as long and as many as Docker takes them', async () => {
  await using fake = await serveFake();
  const ask = (header: string) => raw(fake, `GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}\r\n`);
  assert.match(await ask(`X-Registry-Config: ${'a'.repeat(900_000)}\r\n`), /^HTTP\/1\.1 200 /);
  assert.match(await ask('X: y\r\n'.repeat(3000)), /^HTTP\/1\.1 200 /);
});

test('who is refused a connection hears the words of the status', async () => {
  await using fake = await serveFake();
  const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
  const answer = await raw(fake, `POST /containers/nobody/attach HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
  assert.match(answer, /^HTTP\/1\.1 404 Not Found\r\n/);
});

test('what goes wrong has its status and its words', async () => {
  await using fake = await serveFake();
  const id = await createContainer(fake, ['true']);
  const cases: readonly (readonly [string, string, unknown, string, string])[] = [
    [
      'GET',
      '/v1.99/info',
      undefined,
      'invalid-argument',
      'client version 1.99 is too new. Maximum supported API version is 1.51',
    ],
    ['GET', '/nowhere', undefined, 'not-found', 'page not found'],
    ['GET', '/containers/%E0%A4%A/json', undefined, 'not-found', 'page not found'],
    ['GET', '/containers/absent/json', undefined, 'not-found', 'No such container: absent'],
    [
      'POST',
      '/containers/create?name=a@b',
      { Image: 'busybox' },
      'invalid-argument',
      'Invalid container name (a@b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
    ],
    ['POST', '/containers/create', { Image: 'absent' }, 'not-found', 'No such image: absent:latest'],
    [
      'POST',
      '/containers/create',
      { Image: 5 },
      'invalid-argument',
      'invalid JSON: json: cannot unmarshal number into Go struct field CreateRequest.Image of type string',
    ],
    [
      'GET',
      `/containers/${id}/logs`,
      undefined,
      'invalid-argument',
      'Bad parameters: you must choose at least one stream',
    ],
    [
      'POST',
      `/containers/${id}/start`,
      { Binds: [] },
      'invalid-argument',
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
    ],
    ['POST', `/containers/${id}/exec`, { Cmd: [] }, 'invalid-argument', 'No exec command specified'],
    [
      'POST',
      '/networks/create',
      { Name: 'bridge' },
      'forbidden',
      'operation is not permitted on predefined bridge network ',
    ],
    ['DELETE', '/networks/host', undefined, 'forbidden', 'host is a pre-defined network and cannot be removed'],
    [
      'GET',
      '/networks/none?verbose=x',
      undefined,
      'invalid-argument',
      'invalid value for verbose: x: strconv.ParseBool: parsing "x": invalid syntax',
    ],
    ['GET', '/networks?filters={"x":["1"]}', undefined, 'invalid-argument', "invalid filter 'x'"],
    ['POST', '/networks/absent/connect', { Container: id }, 'not-found', 'network absent not found'],
    ['POST', '/session', {}, 'invalid-argument', 'no upgrade proto in request'],
    [
      'POST',
      '/containers/x/checkpoints',
      {},
      'not-implemented',
      'checkpointing is not supported yet by this version of Fairlead',
    ],
    ['GET', '/volumes/v', undefined, 'not-found', 'get v: no such volume'],
  ];
  for (const [method, path, body, code, message] of cases) {
    const options = body === undefined ? {} : { body };
    await assert.rejects(fake.client.json(method, path, options), { code, message }, `${method} ${path}`);
  }
  assert.deepEqual(fake.log, []);
});

test('bodies that are no JSON are refused in the words of Docker', async () => {
  await using fake = await serveFake();
  const post = (body: string, type = 'application/json'): Promise<string> =>
    raw(
      fake,
      `POST /networks/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  for (const [answer, message] of [
    [await post('{"Name"'), 'invalid JSON: unexpected EOF'],
    [await post('{} {}'), 'unexpected content after JSON'],
    [await post('{}', 'text/plain'), "unsupported Content-Type header (text/plain): must be 'application/json'"],
    [await post(''), 'invalid name: name is empty'],
    [await post('null'), 'invalid name: name is empty'],
    [
      await raw(
        fake,
        'POST /networks/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ),
      'invalid JSON: got EOF while reading request body',
    ],
  ] as const) {
    assert.match(answer, /^HTTP\/1.1 400 /);
    assert.ok(answer.includes(JSON.stringify({ message })), answer);
  }
});

test('a fault of ours is answered with 500 and logged', async () => {
  await using fake = await serveFake();
  fake.engine.images.list = async () => {
    throw new TypeError('broken inside');
  };
  await assert.rejects(fake.client.json('GET', '/images/json'), { code: 'internal', message: 'broken inside' });
  assert.match(fake.log.join(), /request failed.*TypeError: broken inside/);
});

test('starting what runs and stopping what does not is 304 without a body', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['sleep', '100']);
  const request = (verb: string): string =>
    `POST /containers/${id}/${verb} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  assert.match(await raw(fake, request('start')), /^HTTP\/1.1 304 (.|\r\n)*\r\n\r\n$/);
  await fake.client.json('POST', `/containers/${id}/stop`);
  assert.match(await raw(fake, request('stop')), /^HTTP\/1.1 304 /);
});

test('a pull reports in lines; what fails first has a status, what fails later a line', async () => {
  await using fake = await serveFake();
  const pull = (fromImage: string) =>
    Array.fromAsync(
      fake.client.lines('POST', '/images/create', {
        query: { fromImage, tag: 'latest' },
        headers: { 'X-Registry-Auth': Buffer.from('{"username":"ann"}').toString('base64url') },
      }),
    );
  assert.deepEqual(await pull('alpine'), [
    { status: 'Pulling from alpine', progressDetail: {}, id: 'latest' },
    {
      status: 'Downloading',
      progressDetail: { current: 512, total: 1024 },
      progress: `[${'='.repeat(25)}>${' '.repeat(25)}]     512B/1.024kB`,
      id: '4f4fb700ef54',
    },
    { status: 'Pull complete', progressDetail: {}, id: '4f4fb700ef54' },
    { status: 'Status: Downloaded newer image for alpine:latest' },
  ]);
  assert.deepEqual(fake.engine.images.lastAuth, { username: 'ann' });
  await assert.rejects(pull('missing'), { code: 'not-found', message: /^manifest for missing:latest not found/ });
  assert.deepEqual((await pull('broken')).at(-1), {
    errorDetail: { message: 'unexpected EOF' },
    error: 'unexpected EOF',
  });
});

test('archives stream into the engine', async () => {
  await using fake = await serveFake();
  const archive = async function* (): AsyncGenerator<Uint8Array> {
    for (let piece = 0; piece < 64; piece++) yield Buffer.alloc(65_536);
  };
  await fake.client.text('POST', '/images/load', { stream: archive() });
  assert.equal(fake.engine.images.receivedBytes, 64 * 65_536);
});

test('events are filtered and keep their nanoseconds', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['true']);
  const until = Math.ceil(Date.now() / 1000) + 1;
  const filters = JSON.stringify({ event: { start: true }, container: { [id]: true } });
  const text = await fake.client.text('GET', '/events', { query: { since: 1, until, filters } });
  assert.equal(text.trim().split('\n').length, 1);
  assert.match(text, /"timeNano":\d{19}}/);
  const { time: _time, timeNano: _nano, Actor, ...event } = JSON.parse(text);
  assert.deepEqual(event, { status: 'start', id, from: 'busybox', Type: 'container', Action: 'start', scope: 'local' });
  assert.equal(Actor.Attributes.image, 'busybox');
});

test('Fairlead’s own routes give operations and transcripts and change ports', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['sleep', '100']);
  const operations = await fake.client.json<{ id: string }[]>('GET', '/fairlead/operations');
  assert.equal(operations[0]?.id, 'op1');
  const expected = 'ip link add fl0 type bridge\nip link set fl0 up\n';
  assert.equal(await fake.client.text('GET', '/fairlead/operations/last/transcript'), expected);
  assert.equal(await fake.client.text('GET', '/fairlead/operations/op1/transcript'), expected);
  await fake.client.json('POST', `/fairlead/containers/${id}/ports`, {
    body: { ports: ['8080-8081:80-81', '53/udp'] },
  });
  assert.deepEqual(fake.engine.networks.published, [
    { protocol: 'tcp', containerPort: 80, count: 2, hostPorts: { first: 8080, last: 8081 } },
    { protocol: 'udp', containerPort: 53 },
  ]);
  assert.equal((await fake.client.json<{ running: number }>('GET', '/fairlead/status')).running, 1);
});

test('the socket is for its owner and group, and a living daemon keeps it', async () => {
  await using fake = await serveFake();
  assert.equal((await stat(fake.socketPath)).mode & 0o777, 0o660);
  await using second = new ApiServer({ engine: fake.engine, productVersion: '0.0.0' });
  await assert.rejects(second.listen({ kind: 'unix', path: fake.socketPath }), (error) => isConflict(error));
  assert.equal(await fake.client.text('GET', '/_ping'), 'OK');
});

test('who comes before the engine is ready waits, and hears why it never will be', async () => {
  await using fake = await serveFake();
  for (const [name, settle, outcome] of [
    ['early', 'resolve', 'OK'],
    ['vain', 'reject', 'no containerd'],
  ] as const) {
    const { promise: ready, ...ends } = Promise.withResolvers<unknown>();
    await using server = new ApiServer({ engine: fake.engine, productVersion: '0.0.0', ready });
    const path = `${fake.socketPath}.${name}`;
    await server.listen({ kind: 'unix', path });
    const asked = new ApiClient(`unix://${path}`).text('GET', '/_ping').catch(messageOf);
    assert.equal(await Promise.race([asked, sleep(20, 'waits')]), 'waits');
    ends[settle](new Error('no containerd'));
    assert.equal(await asked, outcome);
  }
});

test('closing cuts what would last for ever', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['sleep', '100']);
  const socket = await fake.client.hijack(`/containers/${id}/attach`, { query: { stream: 1, stdout: 1 } });
  const events = await fake.client.open('GET', '/events');
  const ended = Promise.all([closed(socket), closed(events)]);
  await fake.server.close(0);
  await ended;
  await assert.rejects(fake.client.text('GET', '/_ping'), (error) => error instanceof FairleadError);
});

test('TCP is served as well', async () => {
  await using fake = await serveFake();
  const { port = 0 } = await fake.server.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  const answer = await fetch(`http://127.0.0.1:${port}/v1.24/version`);
  const version: unknown = await answer.json();
  assert.ok(typeof version === 'object' && version !== null && 'MinAPIVersion' in version);
  assert.equal(version.MinAPIVersion, '1.24');
});
