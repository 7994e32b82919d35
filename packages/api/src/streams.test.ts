import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { AttachedStreams, LogLine } from '@fairlead/engine';
import { splitFrames } from './client/split-frames.ts';
import { serveFake } from './testing/index.ts';
import { createContainer, raw, startContainer } from './testing/requests.ts';

async function collect(source: AsyncIterable<Uint8Array>): Promise<string> {
  let out = '';
  for await (const { stream, data } of splitFrames(source)) out += `${stream}:${Buffer.from(data)}`;
  return out;
}

test('an attachment is upgraded, and half-closing it ends standard input only', async () => {
  await using fake = await serveFake();
  const id = await createContainer(fake, ['cat'], { OpenStdin: true });
  const query = { stream: 1, stdin: 1, stdout: 1, stderr: 1 };
  const socket = await fake.client.hijack(`/containers/${id}/attach`, { query });
  await fake.client.json('POST', `/containers/${id}/start`);
  socket.end('through the pipe');
  assert.equal(await collect(socket), 'stdout:through the pipe');
});

test('the media type tells frames from raw bytes since 1.42', async () => {
  await using fake = await serveFake();
  const framed = await startContainer(fake, ['sh', '-c', 'echo out; echo err >&2']);
  const terminal = await startContainer(fake, ['echo', 'tty'], { Tty: true });
  const type = async (version: string, id: string): Promise<string | undefined> => {
    const answer = await fake.client.open('GET', `/${version}/containers/${id}/logs`, { query: { stdout: 1 } });
    answer.resume();
    return answer.headers['content-type'];
  };
  assert.equal(await type('v1.42', framed), 'application/vnd.docker.multiplexed-stream');
  assert.equal(await type('v1.41', framed), 'application/vnd.docker.raw-stream');
  assert.equal(await type('v1.51', terminal), 'application/vnd.docker.raw-stream');
  const both = { query: { stdout: 1, stderr: 1 } };
  assert.equal(
    await collect(await fake.client.open('GET', `/containers/${framed}/logs`, both)),
    'stdout:out\nstderr:err\n',
  );
  assert.equal(await fake.client.text('GET', `/containers/${terminal}/logs`, both), 'tty\r\n');
});

test('log lines carry their time in nine digits when asked', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['echo', 'x'], { Tty: true });
  const text = await fake.client.text('GET', `/containers/${id}/logs`, { query: { stdout: 1, timestamps: 1 } });
  assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z x\r\n$/);
});

test('a client that asks for no upgrade gets the raw bytes until the end of the connection', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['echo', 'old client']);
  const answer = await raw(
    fake,
    `POST /v1.24/containers/${id}/attach?logs=1&stdout=1&stream=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
  );
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1.1 200 OK/);
  assert.doesNotMatch(head, /transfer-encoding/i);
  assert.equal(body, '\x01\0\0\0\0\0\0\x0bold client\n');
});

test('the JSON body of an exec is read before its connection is taken over', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['sleep', '100']);
  const body = { Cmd: ['cat'], AttachStdin: true, AttachStdout: true };
  const exec = await fake.client.json<{ Id: string }>('POST', `/containers/${id}/exec`, { body });
  const socket = await fake.client.hijack(`/exec/${exec.Id}/start`, { body: { Detach: false, Tty: false } });
  socket.end('exec input');
  assert.equal(await collect(socket), 'stdout:exec input');
  const view = await fake.client.json<{ ExitCode: number; Running: boolean }>('GET', `/exec/${exec.Id}/json`);
  assert.deepEqual([view.ExitCode, view.Running], [0, false]);
});

test('an exec that cannot start says so on the connection', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['sleep', '100']);
  const body = { Cmd: ['absent'], AttachStdout: true };
  const exec = await fake.client.json<{ Id: string }>('POST', `/containers/${id}/exec`, { body });
  const socket = await fake.client.hijack(`/exec/${exec.Id}/start`, { body: {} });
  assert.match(await collect(socket), /^stdout:OCI runtime exec failed: .*\r\n$/);
});

test('a refused upgrade is an ordinary answer', async () => {
  await using fake = await serveFake();
  await assert.rejects(fake.client.hijack('/containers/absent/attach'), {
    code: 'not-found',
    message: 'No such container: absent',
  });
  await assert.rejects(fake.client.hijack('/containers/x/attach/ws'), { message: 'page not found' });
});

test('the engine is told when an attached client goes away', async () => {
  await using fake = await serveFake();
  const clientClosed = Promise.withResolvers<void>();
  const detached = Promise.withResolvers<void>();
  let isDetached = false;
  const streams: AttachedStreams = {
    tty: false,
    // A half-closed connection looks the same until something is written to it.
    output: (async function* () {
      yield { stream: 'stdout', data: Buffer.from('first') } as const;
      await clientClosed.promise;
      while (!isDetached) {
        yield { stream: 'stdout', data: Buffer.from('more') } as const;
        await turn();
      }
    })(),
    write: async () => {},
    end: async () => {},
    detach: () => {
      isDetached = true;
      detached.resolve();
    },
  };
  fake.engine.containers.attach = async () => streams;
  const id = await startContainer(fake, ['sleep', '100']);
  const socket = await fake.client.hijack(`/containers/${id}/attach`, { query: { stream: 1, stdout: 1 } });
  await once(socket, 'data');
  socket.destroy();
  clientClosed.resolve();
  await detached.promise;
});

test('the headers of a wait are sent before the container ends', async () => {
  await using fake = await serveFake();
  const id = await createContainer(fake, ['exit', '7']);
  const answer = await fake.client.open('POST', `/containers/${id}/wait`, { query: { condition: 'next-exit' } });
  assert.equal(answer.statusCode, 200);
  await fake.client.json('POST', `/containers/${id}/start`);
  assert.deepEqual(JSON.parse((await answer.toArray()).join('')), { StatusCode: 7 });
  await assert.rejects(fake.client.json('POST', `/containers/${id}/wait?condition=soon`), {
    message: 'invalid condition: "soon"',
  });
});

test('the engine is told when nobody follows a log any more', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['sleep', '100']);
  const told = Promise.withResolvers<void>();
  const line = { stream: 'stdout', data: Buffer.from('line\n'), time: '2026-01-01T00:00:00Z' } as const;
  const waiting = Promise.withResolvers<IteratorResult<readonly LogLine[]>>();
  const results = [Promise.resolve({ done: false, value: [line] }), waiting.promise];
  const iterator: AsyncIterator<readonly LogLine[]> = {
    next: () => results.shift() ?? waiting.promise,
    return: async () => {
      told.resolve();
      waiting.resolve({ done: true, value: undefined });
      return { done: true, value: undefined };
    },
  };
  const lines = { [Symbol.asyncIterator]: () => iterator };
  fake.engine.containers.logs = async () => ({ tty: false, lines });
  const answer = await fake.client.open('GET', `/containers/${id}/logs`, { query: { stdout: 1, follow: 1 } });
  answer.on('error', () => {});
  await once(answer, 'data');
  answer.destroy();
  await told.promise;
});

test('an exec gets the size of the terminal that it was started in', async () => {
  await using fake = await serveFake();
  const id = await startContainer(fake, ['sleep', '100']);
  const body = { Cmd: ['cat'], Tty: true, AttachStdin: true, AttachStdout: true };
  const exec = await fake.client.json<{ Id: string }>('POST', `/containers/${id}/exec`, { body });
  const start = { Tty: true, ConsoleSize: [24, 80] };
  const socket = await fake.client.hijack(`/exec/${exec.Id}/start`, { body: start });
  socket.end('keys');
  assert.equal((await socket.toArray()).join(''), 'keys');
  assert.deepEqual(fake.engine.containers.resizes, [{ rows: 24, columns: 80 }]);
  await fake.client.json('POST', `/exec/${exec.Id}/resize`, { query: { h: 50, w: 132 } });
  assert.deepEqual(fake.engine.containers.resizes.at(-1), { rows: 50, columns: 132 });
});

test('a client with BuildKit gets a connection for its calls, whatever comes of them', async () => {
  await using fake = await serveFake();
  const upgraded = (path: string, protocol: string) =>
    fake.client.hijack(path, { headers: { connection: 'Upgrade', upgrade: protocol } });
  const socket = await upgraded('/grpc', 'h2c');
  assert.equal((await socket.toArray()).join(''), 'no calls to a fake');
  await assert.rejects(upgraded('/grpc', 'tcp'), { message: 'protocol tcp not supported' });
  await assert.rejects(fake.client.text('POST', '/grpc'), { message: 'no upgrade proto in request' });
});

test('a client with BuildKit gets a session in which nobody speaks, until it goes', async () => {
  await using fake = await serveFake();
  const socket = connect({ path: fake.socketPath, allowHalfOpen: true });
  socket.write('POST /session HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
  const [head] = await once(socket, 'data');
  socket.end('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const answer = Buffer.concat([head, ...(await socket.toArray())]).toString();
  assert.match(answer, /^HTTP\/1.1 101 UPGRADED\r\n.*\r\nUpgrade: h2c\r\n\r\n$/s);
});
