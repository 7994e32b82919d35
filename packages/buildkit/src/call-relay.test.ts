import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { frameMessage, MessageFrameReader } from '@fairlead/runtime';
import { type CallChange, relayCall, relayChanged } from './call-relay.ts';
import { serveCalls } from './call-server.ts';

const answer = { ':status': 200, 'content-type': 'application/grpc' };

/** A gRPC server in place of buildkitd, what it has been asked, and a client behind the relay. */
class Rig implements AsyncDisposable {
  readonly #parts: AsyncDisposableStack;
  readonly client: ClientHttp2Session;
  /** Everything of the connection to buildkitd. */
  readonly server: ClientHttp2Session;
  /** How the server saw calls end. */
  readonly ends: string[] = [];

  private constructor(parts: AsyncDisposableStack, server: ClientHttp2Session, client: ClientHttp2Session) {
    this.#parts = parts;
    this.server = server;
    this.client = client;
  }

  static async start(
    serve: (stream: ServerHttp2Stream, path: string, raw: readonly string[]) => void,
    change?: CallChange,
  ): Promise<Rig> {
    await using parts = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'fl-relay-'));
    parts.defer(() => rmSync(folder, { recursive: true }));
    const standIn = createServer();
    const sessions = new Set<ServerHttp2Session>();
    standIn.on('session', (session) => sessions.add(session.on('error', () => {})));
    standIn.on('stream', (stream: ServerHttp2Stream, headers, _flags, raw) => {
      stream.on('error', () => {});
      serve(stream, headers[':path'] ?? '', raw);
    });
    standIn.listen(join(folder, 'buildkitd.sock'));
    await once(standIn, 'listening');
    parts.defer(async () => {
      for (const session of sessions) session.destroy();
      await new Promise((closed) => standIn.close(closed));
    });
    const server = connect('http://localhost', {
      createConnection: () => connectSocket(join(folder, 'buildkitd.sock')),
    });
    server.on('error', () => {});
    const [near, far] = duplexPair();
    const served = serveCalls(far, (stream, headers) =>
      change === undefined ? relayCall(stream, headers, server) : relayChanged(stream, headers, server, change),
    );
    const client = connect('http://localhost', { createConnection: () => near });
    parts.defer(async () => {
      client.destroy();
      await served;
      server.destroy();
    });
    return new Rig(parts.move(), server, client);
  }

  /** Call, and gather what comes back: headers, bytes, trailers. */
  async call(path: string, body: Uint8Array = new Uint8Array()) {
    const headers = {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'x-meta': 'm',
    };
    const call = this.client.request(headers);
    call.end(body);
    let trailers: Record<string, unknown> = {};
    call.on('trailers', (last) => {
      trailers = last;
    });
    const [first] = await once(call, 'response');
    const bytes = Buffer.concat(await call.toArray());
    return { status: first['grpc-status'] ?? trailers['grpc-status'], message: first['grpc-message'], bytes, trailers };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
  }
}

/** Answer with a call's own bytes, and end well. */
function echo(stream: ServerHttp2Stream): void {
  stream.respond(answer, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-last': 'yes' }));
  stream.pipe(stream);
}

test('a call goes through as it is, both ways, with how it ended', async () => {
  await using rig = await Rig.start(echo);
  const body = Buffer.alloc(3_000_000, 'context');
  const { status, bytes, trailers } = await rig.call('/any/Call', frameMessage(body));
  assert.equal(status, '0');
  assert.equal(trailers['x-last'], 'yes');
  assert.ok(bytes.equals(frameMessage(body)));
});

test('what is said in several headers of one name is not said in one', async () => {
  const seen = Promise.withResolvers<readonly string[]>();
  await using rig = await Rig.start((stream, _path, raw) => {
    seen.resolve(raw.filter((_, index) => raw[index - 1] === 'x-method'));
    stream.respond({ ...answer, 'x-answer': ['1', '2'], 'grpc-status': '0' }, { endStream: true });
  });
  const call = rig.client.request({ ':method': 'POST', ':path': '/any/Call', 'x-method': ['/a/B', '/a/C', '/a/D'] });
  const [, , raw] = await once(call, 'response');
  assert.deepEqual(await seen.promise, ['/a/B', '/a/C', '/a/D']);
  assert.deepEqual(
    raw.filter((_: string, index: number) => raw[index - 1] === 'x-answer'),
    ['1', '2'],
  );
  call.resume();
});

test('a refusal in headers alone is one to the client, too', async () => {
  const headers = { ...answer, 'grpc-status': '5', 'grpc-message': 'no such build' };
  await using rig = await Rig.start((stream) => stream.respond(headers, { endStream: true }));
  const { status, message } = await rig.call('/any/Call');
  assert.deepEqual([status, message], ['5', 'no such build']);
});

test('who gives a call up does so all the way', async () => {
  const given = Promise.withResolvers<number | undefined>();
  await using rig = await Rig.start((stream) => {
    stream.respond(answer);
    stream.once('close', () => given.resolve(stream.rstCode));
  });
  const call = rig.client.request({ ':method': 'POST', ':path': '/any/Call' });
  call.on('error', () => {});
  await once(call, 'response');
  call.close(8);
  assert.equal(await given.promise, 8);
});

test('a buildkitd that is lost is told of', async () => {
  await using rig = await Rig.start(() => rig.server.destroy());
  const { status, message } = await rig.call('/any/Call');
  assert.deepEqual([status, message], ['14', 'buildkitd has ended']);
});

const upper: CallChange = {
  request: (message) => Buffer.from(Buffer.from(message).toString().toUpperCase()),
  response: async (message) => Buffer.concat([message, Buffer.from('!')]),
};

test('messages are changed on their way, however they are cut', async () => {
  await using rig = await Rig.start(echo, upper);
  const { status, bytes } = await rig.call('/Solve', frameMessage(Buffer.from('build'.repeat(50_000))));
  const reader = new MessageFrameReader();
  reader.push(bytes);
  assert.equal(reader.next()?.toString(), `${'BUILD'.repeat(50_000)}!`);
  assert.equal(status, '0');
});

test('what cannot be changed is refused with the reason, there and back', async () => {
  const fail = () => {
    throw new Error('not like this');
  };
  for (const change of [
    { ...upper, request: fail },
    { ...upper, response: async () => fail() },
  ]) {
    await using rig = await Rig.start(echo, change);
    const { status, message } = await rig.call('/Solve', frameMessage(Buffer.from('x')));
    assert.deepEqual([status, message], ['2', 'not like this']);
  }
});

test('a call to be changed that fails by itself says so', async () => {
  await using rig = await Rig.start(
    (stream) => {
      stream.respond(answer, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '3', 'grpc-message': 'bad file' }));
      stream.resume().end();
    },
    { ...upper, response: () => assert.fail('there is no answer') },
  );
  const { status, trailers } = await rig.call('/Solve', frameMessage(Buffer.from('x')));
  assert.deepEqual([status, trailers['grpc-message']], ['3', 'bad file']);
});
