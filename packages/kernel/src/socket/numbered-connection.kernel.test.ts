import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseIpAddress } from '@fairlead/base';
import { Recorder } from '../change/recorder.ts';
import { Kernel } from '../kernel.ts';
import { createNamespace, deleteNamespace } from '../namespace/namespace.ts';
import { OpenNamespace } from '../namespace/open-namespace.ts';
import { closeDescriptor, openStreamSocket } from './network-socket.ts';
import { openNumberedConnection } from './numbered-connection.ts';
import { reservePort, sendRawPacket } from './raw-packet.ts';

const name = `fl-test-number-${process.pid}`;

async function inNamespace(work: (namespace: OpenNamespace) => Promise<void> | void): Promise<void> {
  createNamespace(name);
  try {
    using kernel = new Kernel(new Recorder());
    await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace: name } }]);
    using namespace = new OpenNamespace(name);
    await work(namespace);
  } finally {
    deleteNamespace(name);
  }
}

for (const address of ['127.0.0.1', '::1'].map(parseIpAddress)) {
  test(`a connection to ${address} with a number of our choice comes about, and is measured`, () =>
    inNamespace(async (namespace) => {
      const family = address === '::1' ? 6 : 4;
      const server = namespace.enter(() => openStreamSocket({ family, port: 80, listen: true }));
      using connection = namespace.enter(() => openNumberedConnection(address, 80, 0x12345678));
      for (let attempt = 0; connection.check().state === 'connecting' && attempt < 100; attempt++) await sleep(5);
      const { state, roundTrip = 0, pathMtu } = connection.check();
      assert.equal(state, 'connected');
      assert.ok(roundTrip > 0 && roundTrip < 1_000_000);
      assert.equal(pathMtu, 65_536 - (pathMtu === 65_535 ? 1 : 0));
      closeDescriptor(server);
    }));
}

test('a connection that nobody takes fails with the reason', () =>
  inNamespace((namespace) => {
    using connection = namespace.enter(() => openNumberedConnection(parseIpAddress('127.0.0.1'), 81, 1));
    assert.deepEqual(connection.check(), { state: 'failed', errno: 'ECONNREFUSED' });
  }));

test('a packet without a way is refused with the reason', () =>
  inNamespace((namespace) => {
    const far = parseIpAddress('192.0.2.1');
    assert.throws(() => namespace.enter(() => sendRawPacket(new Uint8Array(28).fill(0x45, 0, 1), far)), {
      errno: 'ENETUNREACH',
    });
  }));

test('a reserved port is nobody else’s', () =>
  inNamespace((namespace) => {
    const address = parseIpAddress('127.0.0.1');
    namespace.enter(() => {
      using held = reservePort('tcp', address);
      assert.throws(() => openStreamSocket({ family: 4, address, port: held.port }), { errno: 'EADDRINUSE' });
      assert.equal(held.receive(), undefined);
    });
  }));
