import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ResolverClient } from './control-client.ts';

/** A client of a resolver that answers everything with the same line. */
async function clientOf(answer: string) {
  const parts = new AsyncDisposableStack();
  const folder = parts.adopt(mkdtempSync(join(tmpdir(), 'control-')), (path) => rmSync(path, { recursive: true }));
  const path = join(folder, 'socket');
  const server = net.createServer((socket) => {
    socket.on('data', () => socket.write(`${answer}\n`));
    // A client that goes in the middle of it is no fault of the test.
    socket.on('error', () => {});
  });
  parts.defer(() => new Promise<void>((closed) => server.close(() => closed())));
  await new Promise<void>((listening) => server.listen(path, listening));
  const client = parts.use(await ResolverClient.connect(path));
  return { client, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

test('an answer reaches whoever asked', async () => {
  await using resolver = await clientOf('{"id":1,"result":null}');
  assert.equal(await resolver.client.call('closeSandbox', { id: 'one' }), null);
});

test('an answer that cannot be read ends the connection, and with it what waits for an answer', async () => {
  await using resolver = await clientOf('{"id":1,"res');
  await assert.rejects(resolver.client.call('closeSandbox', { id: 'one' }), { code: 'unavailable' });
  await resolver.client.closed;
});
