import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ApiServer } from './server.ts';
import { createContainer } from './testing/requests.ts';
import { serveFake } from './testing/serve-fake.ts';

test('a browser attaches over a WebSocket: both streams are one, and what it sends is standard input', async () => {
  await using fake = await serveFake();
  const id = await createContainer(fake, ['cat'], { OpenStdin: true });
  await using server = new ApiServer({ engine: fake.engine, productVersion: '0.0.0' });
  const { port } = await server.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  const query = 'stream=1&stdin=1&stdout=1&stderr=1';
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1.41/containers/${id}/attach/ws?${query}`, 'chat');
  socket.binaryType = 'arraybuffer';
  await once(socket, 'open');
  assert.equal(socket.protocol, 'chat');
  await fake.client.json('POST', `/containers/${id}/start`);
  let heard = '';
  socket.addEventListener('message', ({ data }) => {
    heard += Buffer.from(data).toString();
    if (heard === 'said\nagain\n') socket.close();
  });
  socket.send('said\n');
  socket.send(Buffer.from('again\n'));
  const [closed] = await once(socket, 'close');
  assert.equal(heard, 'said\nagain\n');
  assert.ok(closed.wasClean);
});

test('what is no handshake, or about no container, is refused', async () => {
  await using fake = await serveFake();
  const id = await createContainer(fake, ['cat']);
  await assert.rejects(fake.client.json('GET', `/containers/${id}/attach/ws`), /not websocket protocol/);
  const headers = {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': 'x',
    'sec-websocket-version': '8',
  };
  await assert.rejects(fake.client.json('GET', `/containers/${id}/attach/ws`, { headers }), /bad WebSocket Version/);
  const good = { ...headers, 'sec-websocket-version': '13' };
  await assert.rejects(
    fake.client.json('GET', '/containers/none/attach/ws', { headers: good }),
    /No such container: none/,
  );
});
