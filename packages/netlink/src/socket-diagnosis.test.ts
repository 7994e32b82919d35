import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '@fairlead/base';
import { decodeSocket, dumpSocketsMessage, dumpTcpSocketsMessage } from './socket-diagnosis.ts';

test('a dump asks for family, protocol and states', () => {
  const hex = dumpSocketsMessage(6, 'tcp', ['listen', 'established']).toHex();
  assert.equal(hex, `48000000140001030000000000000000${'0a060000'}${'02040000'}${'00'.repeat(48)}`);
  assert.ok(dumpSocketsMessage(4, 'udp').toHex().includes('02110000ff0f0000'));
});

test('a dump of some ports has the kernel leave out the others', () => {
  const hex = dumpSocketsMessage(4, 'tcp', ['listen', 'bound'], { first: 8080, last: 8089 }).toHex();
  assert.ok(hex.includes('0206000000240000'), hex);
  assert.ok(hex.endsWith(`14000100${'02081400'}${'0000901f'}${'03080c00'}${'0000991f'}`), hex);
});

test('the TCP sockets of both families can be asked for at once', () => {
  const hex = dumpTcpSocketsMessage(['listen', 'bound'], { first: 8080, last: 8089 }).toHex();
  const asked = `${'00'.repeat(52)}${'00240000'}${'00000000'}`;
  assert.equal(
    hex,
    `60000000120001030000000000000000${asked}14000100${'02081400'}${'0000901f'}${'03080c00'}${'0000991f'}`,
  );
});

test('a socket is read with owner and inode', () => {
  const body = new ByteWriter().u8(2).u8(10).u16(0).u16be(8080).u16be(0);
  body
    .bytes(Uint8Array.of(127, 0, 0, 1))
    .zeros(12)
    .zeros(16)
    .u32(0)
    .zeros(8)
    .u32(0)
    .u32(3)
    .u32(128)
    .u32(1000)
    .u32(4711);
  assert.deepEqual(decodeSocket({ type: 20, flags: 0, sequence: 0, body: body.finish() }, 'tcp'), {
    protocol: 'tcp',
    state: 'listen',
    local: { address: '127.0.0.1', port: 8080 },
    remote: { address: '0.0.0.0', port: 0 },
    inode: 4711,
    userId: 1000,
    receiveQueue: 3,
    sendQueue: 128,
  });
});

test('a socket says when it leaves IPv4 alone', () => {
  const details = (v6Only: number) => {
    const body = new ByteWriter().u8(10).u8(10).u16(0).u16be(80).zeros(66);
    return decodeSocket(
      { type: 20, flags: 0, sequence: 0, body: body.u16(5).u16(11).u8(v6Only).zeros(3).finish() },
      'tcp',
    );
  };
  assert.equal(details(1).v6Only, true);
  assert.equal(details(0).v6Only, undefined);
});
