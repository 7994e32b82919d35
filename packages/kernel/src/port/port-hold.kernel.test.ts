import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { familyOf, parseIpAddress } from '@fairlead/base';
import { closeDescriptor, openDatagramSocket, openStreamSocket } from '../socket/network-socket.ts';
import { boundPort } from './bound-port.ts';
import { type HeldPort, holdPort } from './port-hold.ts';

const loopback = parseIpAddress('127.0.0.1');
const anyV4 = parseIpAddress('0.0.0.0');
const anyV6 = parseIpAddress('::');
const inUse = { errno: 'EADDRINUSE' };

function hold(context: TestContext, held: HeldPort): number {
  const descriptor = holdPort(held);
  context.after(() => closeDescriptor(descriptor));
  return boundPort(descriptor);
}

for (const protocol of ['tcp', 'udp'] as const) {
  test(`a held ${protocol} port cannot be bound, with SO_REUSEADDR or without`, (context) => {
    const port = hold(context, { protocol, family: 4, address: loopback, port: 0 });
    const open = protocol === 'tcp' ? openStreamSocket : openDatagramSocket;
    for (const address of [loopback, anyV4]) {
      assert.throws(() => open({ family: 4, address, port }), inUse);
      assert.throws(() => open({ family: 4, address, port, reuseAddress: true }), inUse);
      assert.throws(() => holdPort({ protocol, family: 4, address, port }), inUse);
    }
  });

  test(`one ${protocol} socket holds the port of both families`, (context) => {
    const port = hold(context, { protocol, family: 6, address: anyV6, port: 0, bothFamilies: true });
    assert.throws(() => holdPort({ protocol, family: 4, address: anyV4, port }), inUse);
    assert.throws(() => holdPort({ protocol, family: 6, address: anyV6, port }), inUse);
  });

  test(`a ${protocol} socket of one family leaves the other alone`, (context) => {
    const port = hold(context, { protocol, family: 6, address: anyV6, port: 0 });
    hold(context, { protocol, family: 4, address: anyV4, port });
  });
}

for (const address of ['192.0.2.1', '2001:db8::1']) {
  for (const protocol of ['tcp', 'udp'] as const) {
    test(`a ${protocol} port of ${address} is held before the host has that address`, (context) => {
      const family = familyOf(parseIpAddress(address));
      const port = hold(context, { protocol, family, address: parseIpAddress(address), port: 0 });
      assert.throws(() => holdPort({ protocol, family, address: parseIpAddress(address), port }), inUse);
    });
  }
}

test('a port in TIME_WAIT can be held, and is held against a server that would reuse it', async (context) => {
  const server = net.createServer((socket) => socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  // The side that closes first keeps the port in TIME_WAIT.
  const client = net.connect(port, '127.0.0.1');
  client.resume();
  await once(client, 'close');
  server.close();
  await once(server, 'close');
  assert.throws(() => openStreamSocket({ family: 4, address: loopback, port }), inUse, 'the port is in TIME_WAIT');
  hold(context, { protocol: 'tcp', family: 4, address: loopback, port });
  assert.throws(
    () => openStreamSocket({ family: 4, address: loopback, port, reuseAddress: true, listen: true }),
    inUse,
  );
});

test('a held TCP port refuses connections', async (context) => {
  const port = hold(context, { protocol: 'tcp', family: 4, address: loopback, port: 0 });
  const client = net.connect(port, '127.0.0.1');
  const [error]: NodeJS.ErrnoException[] = await once(client, 'error');
  assert.equal(error?.code, 'ECONNREFUSED');
});
