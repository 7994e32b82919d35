import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { endSession, sessionOffer } from './session-relay.ts';

test('what a client offers is in the headers of its request', () => {
  const headers = { 'x-docker-expose-session-uuid': '1', 'x-docker-expose-session-grpc-method': 'a, b', other: 'c' };
  assert.deepEqual(sessionOffer(headers), {
    'x-docker-expose-session-uuid': ['1'],
    'x-docker-expose-session-grpc-method': ['a', 'b'],
  });
});

test('a session in which nothing will be asked is ended first by the engine', async () => {
  const [client, engine] = duplexPair();
  const over = endSession(engine);
  client.write('what a client says');
  await once(client.resume(), 'end');
  client.end();
  await over;
});
