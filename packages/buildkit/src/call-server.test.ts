import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { serveCalls } from './call-server.ts';
import { refuseCall } from './refusal.ts';

test('who calls is told in one line what to do instead, as often as it calls', async () => {
  const [near, far] = duplexPair();
  const served = serveCalls(far, (stream) => refuseCall(stream, 9, 'set DOCKER_BUILDKIT=0'));
  const client = connect('http://localhost', { createConnection: () => near });
  for (const path of ['/moby.buildkit.v1.Control/ListWorkers', '/moby.buildkit.v1.Control/Solve']) {
    const call = client.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    call.resume().write('not all of a message');
    const [headers] = await once(call, 'response');
    assert.equal(headers['grpc-status'], '9');
    assert.equal(headers['grpc-message'], 'set DOCKER_BUILDKIT=0');
    call.close();
  }
  client.destroy();
  await served;
});

test('what an error says arrives whole', async () => {
  const [near, far] = duplexPair();
  const served = serveCalls(far, (stream) => refuseCall(stream, 2, 'no “100 %”\nof it'));
  const client = connect('http://localhost', { createConnection: () => near });
  const call = client.request({ ':method': 'POST', ':path': '/', 'content-type': 'application/grpc' });
  const [headers] = await once(call.resume(), 'response');
  assert.equal(decodeURIComponent(headers['grpc-message']), 'no “100 %”\nof it');
  client.destroy();
  await served;
});

test('a client that speaks no HTTP/2 loses its connection, and nobody else theirs', async () => {
  const [near, far] = duplexPair();
  const served = serveCalls(far, () => assert.fail('no call was made'));
  near.on('error', () => {});
  near.end('GET / HTTP/1.1\r\n\r\n'.repeat(10));
  near.resume();
  await served;
});
