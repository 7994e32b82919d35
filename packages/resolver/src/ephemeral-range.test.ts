import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EphemeralPorts } from './ephemeral-range.ts';

const candidates = (ports: EphemeralPorts, localPortRange: string, localReservedPorts = '') => [
  ...ports.candidates('tcp', { localPortRange, localReservedPorts }),
];

test('ports begin at the range and go on behind the one used last', () => {
  const ports = new EphemeralPorts();
  assert.deepEqual(candidates(ports, '100\t103\n'), [100, 101, 102, 103]);
  ports.used('tcp', 101);
  assert.deepEqual(candidates(ports, '100\t103\n'), [102, 103, 100, 101]);
  ports.used('tcp', 103);
  assert.deepEqual(candidates(ports, '100\t103\n'), [100, 101, 102, 103]);
  ports.used('udp', 100);
  assert.deepEqual(candidates(ports, '100\t103\n'), [100, 101, 102, 103], 'each protocol has its own');
});

test('reserved ports are left out', () => {
  assert.deepEqual(candidates(new EphemeralPorts(), '100 106', '100,102-104\n'), [101, 105, 106]);
});

test('a range that became smaller is followed', () => {
  const ports = new EphemeralPorts();
  ports.used('tcp', 500);
  assert.deepEqual(candidates(ports, '100 101'), [100, 101]);
});

test('without a range it is that of dynamic ports', () => {
  const [first] = candidates(new EphemeralPorts(), '');
  assert.equal(first, 49153);
  assert.equal(candidates(new EphemeralPorts(), '').length, 65535 - 49153 + 1);
});
