import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { Directory } from './directory.ts';
import { decodeMessage, encodeMessage } from './message.ts';
import { NameServer } from './name-server.ts';
import { FrameReader, frame } from './stream-frame.ts';
import { defaultStreamLimits, type StreamLimits, serveStreams } from './stream-server.ts';

async function serve(context: TestContext, limits: Partial<StreamLimits> = {}): Promise<number> {
  const directory = new Directory();
  directory.setEndpoint({
    id: 'a',
    sandbox: 's',
    network: 'n',
    addresses: [parseIpAddress('10.0.0.1')],
    containerName: 'web',
  });
  const names = new NameServer({
    view: directory.view('s'),
    generation: 0,
    options: { ttl: 0, ndotsSet: false },
    forwarder: undefined,
  });
  const server = net.createServer();
  const serving = serveStreams(server, names, { ...defaultStreamLimits, ...limits });
  context.after(() => serving[Symbol.dispose]());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const query = (id: number) => encodeMessage({ id, questions: [{ name: 'web', type: 1, class: 1 }] });

async function connect(context: TestContext, port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Cut off, be it by a reset. */
async function closed(socket: net.Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => {});
  socket.once('close', () => resolve());
  await promise;
}

/** The identifiers of the next `count` responses. */
async function responses(socket: net.Socket, count: number): Promise<number[]> {
  const reader = new FrameReader();
  const identifiers: number[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    identifiers.push(...reader.push(chunk).map((each) => decodeMessage(each).id));
    if (identifiers.length >= count) break;
  }
  return identifiers;
}

test('questions in one packet and in pieces are answered', async (context) => {
  const socket = await connect(context, await serve(context));
  socket.write(Buffer.concat([frame(query(1)), frame(query(2)), frame(query(3)).subarray(0, 5)]));
  socket.write(frame(query(3)).subarray(5));
  assert.deepEqual(await responses(socket, 3), [1, 2, 3]);
});

test('more questions than may be under way are answered all the same', async (context) => {
  const socket = await connect(context, await serve(context, { questions: 2 }));
  socket.write(Buffer.concat(Array.from({ length: 100 }, (_, id) => frame(query(id)))));
  assert.equal((await responses(socket, 100)).length, 100);
});

test('a connection beyond the limit is closed and the others live on', async (context) => {
  const port = await serve(context, { connections: 1 });
  const first = await connect(context, port);
  const second = await connect(context, port);
  await closed(second);
  first.write(frame(query(1)));
  assert.deepEqual(await responses(first, 1), [1]);
});

test('a client that drips octets is cut off', async (context) => {
  const socket = await connect(context, await serve(context, { idle: 60 }));
  const drip = setInterval(() => socket.write(Uint8Array.of(0)), 10);
  context.after(() => clearInterval(drip));
  // A length of 0 is a message too: it deserves no answer and ends the connection. So drip a long one.
  socket.write(Uint8Array.of(0xff, 0xff));
  await closed(socket);
});
