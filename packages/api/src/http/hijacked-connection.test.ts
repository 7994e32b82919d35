import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { StreamConnection } from './hijacked-connection.ts';

const isSettled = async (promise: Promise<void>): Promise<boolean> => {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await turn();
  return settled;
};

test('a write waits until the client has room', async () => {
  const socket = new PassThrough({ highWaterMark: 4 });
  const connection = new StreamConnection(new PassThrough(), socket, new AbortController().signal);
  const written = connection.write(Buffer.alloc(64));
  assert.equal(await isSettled(written), false);
  socket.resume();
  await written;
});

test('a write ends when the client goes away while it waits', async () => {
  const gone = new AbortController();
  const connection = new StreamConnection(new PassThrough(), new PassThrough({ highWaterMark: 4 }), gone.signal);
  const written = connection.write(Buffer.alloc(64));
  assert.equal(await isSettled(written), false);
  gone.abort();
  await written;
  await connection.write(Buffer.alloc(64));
});

test('input ends without an error when the client breaks off', async () => {
  const source = new PassThrough();
  const connection = new StreamConnection(source, new PassThrough(), new AbortController().signal);
  source.write('abc');
  const read: string[] = [];
  for await (const chunk of connection.input) {
    read.push(String(chunk));
    source.destroy(new Error('ECONNRESET'));
  }
  assert.deepEqual(read, ['abc']);
});
