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

for (const [what, port] of [
  ['comes about', 80],
  ['fails', 81],
] as const) {
  test(`who listens is told once that a connection ${what}`, () =>
    inNamespace(async (namespace) => {
      const server = namespace.enter(() => openStreamSocket({ family: 4, port: 80, listen: true }));
      using connection = namespace.enter(() => openNumberedConnection(parseIpAddress('127.0.0.1'), port, 1));
      let told = 0;
      using _ = connection.listen(() => {
        told += 1;
      });
      for (let attempt = 0; told === 0 && attempt < 100; attempt++) await sleep(5);
      await sleep(20);
      assert.equal(told, 1);
      closeDescriptor(server);
    }));
}

/** A datagram of one byte from and to 127.0.0.1; the kernel fills in length and checksum of the header (raw(7)). */
function datagramTo(port: number): Uint8Array {
  const local = [127, 0, 0, 1];
  const header = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, ...local, ...local];
  return Uint8Array.of(...header, 0, 9, port >> 8, port & 0xff, 0, 9, 0, 0, 0x78);
}

test('who holds a port is told once that a datagram has come, and not any more when that is no longer wanted', () =>
  inNamespace(async (namespace) => {
    const address = parseIpAddress('127.0.0.1');
    using held = namespace.enter(() => reservePort('udp', address));
    let told = 0;
    const listening = held.listen(() => {
      told += 1;
    });
    await sleep(20);
    assert.equal(told, 0);
    for (const _ of [1, 2]) namespace.enter(() => sendRawPacket(datagramTo(held.port), address));
    for (let attempt = 0; told === 0 && attempt < 100; attempt++) await sleep(5);
    await sleep(20);
    assert.equal(told, 1);
    assert.deepEqual(held.receive(), Uint8Array.of(0x78));
    listening[Symbol.dispose]();
    held.listen(() => assert.fail('nobody listens any more'))[Symbol.dispose]();
    await sleep(20);
  }));
