import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { boundPort } from '../port/bound-port.ts';
import { type BatchHandler, serveDatagramBatches } from './datagram-batch.ts';
import { openDatagramSocket } from './network-socket.ts';

const loopbacks = { 4: parseIpAddress('127.0.0.1'), 6: parseIpAddress('::1') } as const;

function serve(context: TestContext, handler: BatchHandler, family: 4 | 6 = 4): number {
  const descriptor = openDatagramSocket({ family, address: loopbacks[family], port: 0 });
  const port = boundPort(descriptor);
  const serving = serveDatagramBatches(descriptor, handler);
  context.after(() => serving[Symbol.dispose]());
  return port;
}

function client(context: TestContext, family: 4 | 6 = 4): dgram.Socket {
  const socket = dgram.createSocket(`udp${family}`);
  context.after(() => socket.close());
  return socket;
}

async function received(socket: dgram.Socket, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) {
    const [message]: Buffer[] = await once(socket, 'message');
    texts.push(String(message));
  }
  return texts;
}

const shout: BatchHandler = (slot, length) => {
  slot[length] = 0x21;
  return length + 1;
};

for (const family of [4, 6] as const) {
  test(`datagrams over IPv${family} are answered to whoever sent them`, async (context) => {
    const port = serve(context, shout, family);
    const [one, two] = [client(context, family), client(context, family)];
    const answers = Promise.all([received(one, 1), received(two, 1)]);
    one.send('one', port, loopbacks[family]);
    two.send('two', port, loopbacks[family]);
    assert.deepEqual(await answers, [['one!'], ['two!']]);
  });
}

test('more datagrams than a batch has are all answered', async (context) => {
  const port = serve(context, shout);
  const socket = client(context);
  const answers = received(socket, 100);
  for (let count = 0; count < 100; count++) socket.send(String(count), port, loopbacks[4]);
  assert.deepEqual(new Set(await answers), new Set(Array.from({ length: 100 }, (_, count) => `${count}!`)));
});

test('an answer may come later, and a datagram without one delays no other', async (context) => {
  const port = serve(context, (slot, length, later) => {
    if (slot[0] !== 0x6c) return slot[0] === 0x6e ? 0 : length;
    const send = later();
    setTimeout(() => send(Buffer.from('finally')), 5);
    return 0;
  });
  const socket = client(context);
  const answers = received(socket, 2);
  for (const text of ['later', 'none', 'direct']) socket.send(text, port, loopbacks[4]);
  assert.deepEqual(await answers, ['direct', 'finally']);
});

test('a handler that throws loses its own datagram only', async (context) => {
  const port = serve(context, (slot, length) => (slot[0] === 0x78 ? assert.fail('x') : length));
  const socket = client(context);
  const answers = received(socket, 1);
  for (const text of ['x', 'good']) socket.send(text, port, loopbacks[4]);
  assert.deepEqual(await answers, ['good']);
});

test('after disposing nothing is sent and the port is free', async () => {
  const descriptor = openDatagramSocket({ family: 4, address: loopbacks[4], port: 0 });
  const port = boundPort(descriptor);
  const serving = serveDatagramBatches(descriptor, shout);
  serving[Symbol.dispose]();
  serving[Symbol.dispose]();
  const again = dgram.createSocket('udp4').bind(port, loopbacks[4]);
  await once(again, 'listening');
  again.close();
});
