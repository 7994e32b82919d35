import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ContentDefinition, ReadContentResponse } from '../gen/content.ts';
import { Empty } from '../gen/google/protobuf/empty.ts';
import { VersionDefinition, VersionResponse } from '../gen/version.ts';
import { GrpcChannel } from './channel.ts';
import { frameMessage } from './message-frame.ts';
import { methodsOf } from './method.ts';
import { GrpcError, GrpcStatus, hasStatus } from './status.ts';

const content = methodsOf(ContentDefinition);
const versions = methodsOf(VersionDefinition);

type Handler = (stream: ServerHttp2Stream, path: string) => void;

/** A gRPC server that does what `handler` says, and can lose its connections. */
async function serve(
  handler: Handler,
): Promise<AsyncDisposable & { readonly channel: GrpcChannel; readonly server: Http2Server; dropConnections(): void }> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    handler(stream, String(headers[':path']));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const channel = new GrpcChannel(() => connect(port, '127.0.0.1'));
  const dropConnections = (): void => {
    for (const session of sessions) session.destroy();
    sessions.clear();
  };
  return {
    channel,
    server,
    dropConnections,
    async [Symbol.asyncDispose]() {
      channel[Symbol.dispose]();
      dropConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(stream: ServerHttp2Stream, messages: readonly Uint8Array[], trailers: Record<string, string>): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  for (const message of messages) stream.write(frameMessage(message));
  stream.end();
}

const version = VersionResponse.encode({ version: '1.2.3', revision: '' }).finish();
const ok = { 'grpc-status': '0' };
const chunk = (data: Uint8Array): Uint8Array => ReadContentResponse.encode({ offset: 0n, data }).finish();

test('one message goes there and one comes back, at the path of the method', async () => {
  await using lab = await serve((stream, path) => {
    assert.equal(path, '/containerd.services.version.v1.Version/Version');
    answer(stream, [version], ok);
  });
  assert.equal((await lab.channel.unary(versions.version, {})).version, '1.2.3');
});

const statuses: readonly [number, string][] = [
  [2, 'internal'],
  [3, 'invalid-argument'],
  [5, 'not-found'],
  [6, 'conflict'],
  [9, 'conflict'],
  [12, 'not-implemented'],
  [14, 'unavailable'],
  [99, 'internal'],
];

for (const [status, code] of statuses) {
  test(`status ${status} is ${code}, with the text of the server`, async () => {
    await using lab = await serve((stream) =>
      answer(stream, [], { 'grpc-status': String(status), 'grpc-message': 'wei%C3%9F nicht' }),
    );
    await assert.rejects(lab.channel.unary(versions.version, {}), { code, status, message: 'weiß nicht' });
  });
}

test('an answer of headers only is an error like any other', async () => {
  await using lab = await serve((stream) =>
    stream.respond({ ':status': 200, 'grpc-status': '5', 'grpc-message': '100%' }, { endStream: true }),
  );
  await assert.rejects(lab.channel.unary(versions.version, {}), { code: 'not-found', message: '100%' });
});

test('a lost connection fails the call under way, and the next call opens another', async () => {
  let calls = 0;
  await using lab = await serve((stream) => {
    if (++calls === 1) lab.dropConnections();
    else answer(stream, [version], ok);
  });
  await assert.rejects(lab.channel.unary(versions.version, {}), { code: 'unavailable' });
  assert.equal((await lab.channel.unary(versions.version, {})).version, '1.2.3');
});

test('nobody there is unavailable', async () => {
  using channel = new GrpcChannel(() => connect('/nonexistent/socket'));
  await assert.rejects(channel.unary(versions.version, {}), { code: 'unavailable' });
  await assert.rejects(Array.fromAsync(channel.serverStream(content.read, {})), { code: 'unavailable' });
});

test('a signal ends a call: cancelled, or unavailable when time is up', async () => {
  await using lab = await serve(() => {});
  const stop = new AbortController();
  const call = lab.channel.unary(versions.version, {}, { signal: stop.signal });
  stop.abort();
  await assert.rejects(call, { code: 'cancelled' });
  const late = lab.channel.unary(versions.version, {}, { signal: AbortSignal.timeout(5) });
  await assert.rejects(late, (error) => hasStatus(error, GrpcStatus.deadlineExceeded) && error.code === 'unavailable');
  const already = lab.channel.unary(versions.version, {}, { signal: AbortSignal.abort() });
  await assert.rejects(already, { code: 'cancelled' });
});

test('a stream brings every message, and what was sent before an error', async () => {
  await using lab = await serve((stream) =>
    answer(stream, [chunk(Buffer.from('a')), chunk(Buffer.from('b'))], { 'grpc-status': '15' }),
  );
  const seen: string[] = [];
  const reading = (async () => {
    const messages = lab.channel.serverStream(content.read, {});
    for await (const { data } of messages) seen.push(Buffer.from(data).toString());
  })();
  await assert.rejects(reading, GrpcError);
  assert.deepEqual(seen, ['a', 'b']);
});

test('leaving a stream early tells the server', async () => {
  const closed = Promise.withResolvers<number>();
  await using lab = await serve((stream) => {
    stream.on('close', () => closed.resolve(stream.rstCode));
    stream.respond({ ':status': 200 });
    stream.write(frameMessage(chunk(Buffer.from('a'))));
  });
  for await (const _ of lab.channel.serverStream(content.read, {})) break;
  assert.equal(await closed.promise, 8);
});

test('a slow reader holds the server back', async () => {
  const size = 1 << 20;
  let written = 0;
  const total = 64;
  await using lab = await serve(async (stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(ok));
    for (; written < total; written++) {
      if (!stream.write(frameMessage(chunk(Buffer.alloc(size))))) await once(stream, 'drain');
    }
    stream.end();
  });
  let read = 0;
  let furthest = 0;
  for await (const { data } of lab.channel.serverStream(content.read, {})) {
    furthest = Math.max(furthest, written - read);
    read += 1;
    assert.equal(data.length, size);
    await new Promise(setImmediate);
  }
  assert.equal(read, total);
  assert.ok(furthest < 32, `${furthest} MiB were under way`);
});

test('messages go both ways', async () => {
  await using lab = await serve((stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (data: Buffer) => chunks.push(data));
    stream.on('end', () =>
      answer(stream, [], { 'grpc-status': '6', 'grpc-message': String(Buffer.concat(chunks).length) }),
    );
  });
  const call = lab.channel.duplex(content.write);
  await call.send({ ref: 'x' });
  await call.send({ ref: 'x' });
  call.end();
  // Two frames of five bytes of header and three of message.
  await assert.rejects(call.responses.next(), { code: 'conflict', message: '16' });
});

for (const [what, repeatable] of Object.entries({ 'can be repeated': true, 'cannot be repeated': false })) {
  test(`a call that ${what} and was under way when the server was lost`, async () => {
    let asked = 0;
    await using lab = await serve((stream) => {
      if (++asked === 2) lab.dropConnections();
      else answer(stream, [version], ok);
    });
    await lab.channel.unary(versions.version, {});
    const second = lab.channel.unary(versions.version, {}, { repeatable });
    if (repeatable) assert.equal((await second).version, '1.2.3');
    else await assert.rejects(second, { code: 'unavailable' });
    assert.equal(asked, repeatable ? 3 : 2);
  });
}

test('a server that was there and is away is waited for, also with a call that cannot be repeated', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-channel-'));
  const path = join(folder, 'socket');
  const begin = async () => {
    const server = createServer();
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', (session) => sessions.add(session));
    server.on('stream', (stream: ServerHttp2Stream) => answer(stream, [version], ok));
    await once(server.listen(path), 'listening');
    return async () => {
      server.close();
      for (const session of sessions) session.destroy();
      await once(server, 'close');
    };
  };
  using channel = new GrpcChannel(() => connect(path));
  await assert.rejects(channel.unary(versions.version, {}), { code: 'unavailable' }, 'one that never was is not');
  const end = await begin();
  await channel.unary(versions.version, {});
  await end();
  const call = channel.unary(versions.version, {});
  await setTimeout(50);
  const endAgain = await begin();
  assert.equal((await call).version, '1.2.3');
  await endAgain();
  using hasty = new GrpcChannel(() => connect(path), {}, { patience: 0 });
  await assert.rejects(hasty.unary(versions.version, {}), { code: 'unavailable' });
  rmSync(folder, { recursive: true });
});

test('the empty message has no bytes', () => {
  assert.equal(Empty.encode({}).finish().length, 0);
});

test('fields that we do not know are skipped, groups with all that is in them too', () => {
  const unknown = {
    varint: [0x98, 0x06, 0x80, 0x01],
    fixed64: [0x99, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],
    text: [0x9a, 0x06, 2, 0x0a, 0x01],
    group: [0x9b, 0x06, 0x0a, 1, 0x78, 0x9b, 0x06, 0x9c, 0x06, 0x9c, 0x06],
    fixed32: [0x9d, 0x06, 1, 2, 3, 4],
  };
  for (const [kind, bytes] of Object.entries(unknown)) {
    assert.equal(VersionResponse.decode(Buffer.from([...bytes, ...version])).version, '1.2.3', kind);
  }
});
