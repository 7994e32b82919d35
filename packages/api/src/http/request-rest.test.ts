import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { bodyOf, passOverRest } from './request-rest.ts';

/** What a client is answered that goes on sending when the server has read the first piece and wants no more. */
async function answerAfter(rest: readonly Uint8Array[], headers: Record<string, string> = {}): Promise<string> {
  const hasRead = Promise.withResolvers<void>();
  const server = createServer(async (message, response) => {
    for await (const _ of bodyOf(message)) break;
    hasRead.resolve();
    await passOverRest(message);
    response.end(message.complete ? 'enough' : 'something is unread');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const client = request({ port, method: 'PUT', headers });
    client.write('first');
    await hasRead.promise;
    for (const piece of rest) client.write(piece);
    client.end();
    const [response]: [IncomingMessage] = (await once(client, 'response')) as [IncomingMessage];
    return await text(response);
  } finally {
    server.close();
  }
}

test('who still sends what nobody reads gets the answer, also on a connection that closes then', async () => {
  const filling = [new Uint8Array(512), new Uint8Array(9216)];
  assert.equal(await answerAfter(filling), 'enough');
  assert.equal(await answerAfter(filling, { Connection: 'close' }), 'enough');
  assert.equal(await answerAfter([]), 'enough');
});
