import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { SystemCallError } from '@fairlead/kernel';
import { PortReservations } from './port-reservations.ts';

const anyV4 = parseIpAddress('0.0.0.0');
const anyV6 = parseIpAddress('::');
const addresses = [anyV4, anyV6];

function on(port: number, address = anyV4) {
  return { protocol: 'sctp', address, first: port, last: port } as const;
}

for (const errno of ['EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EAFNOSUPPORT'] as const) {
  const withoutSockets = () =>
    new PortReservations(() => {
      throw new SystemCallError('socket', errno);
    });

  test(`${errno}: what no socket can hold still has one owner`, () => {
    using ports = withoutSockets();
    ports.reserve({ owner: 'a', ports: [on(5000), on(5000, anyV6)] });
    ports.reserve({ owner: 'a', ports: [on(5000)] });
    assert.deepEqual(ports.list(), [{ owner: 'a', ports: [on(5000), on(5000, anyV6)] }]);
    for (const [address, place] of Object.entries({ '127.0.0.1': '127.0.0.1', '0.0.0.0': '0.0.0.0', '::1': '[::1]' })) {
      assert.throws(() => ports.reserve({ owner: 'b', ports: [on(4999), on(5000, parseIpAddress(address))] }), {
        code: 'conflict',
        message: `Bind for ${place}:5000 failed: port is already allocated`,
      });
    }
    assert.equal(ports.list().length, 1, 'all of a request or nothing');
    ports.release('a');
    ports.reserve({ owner: 'b', ports: [on(5000)] });
  });

  test(`${errno}: owners are given different ports, until there are no more`, () => {
    using ports = withoutSockets();
    const choice = { protocol: 'sctp', addresses, range: { first: 6000, last: 6001 } } as const;
    assert.deepEqual(ports.pick({ owner: 'a', ...choice }), { port: 6000 });
    assert.deepEqual(ports.pick({ owner: 'b', ...choice }), { port: 6001 });
    assert.throws(() => ports.pick({ owner: 'c', ...choice }), { message: 'all ports are allocated' });
  });
}

/** A host without sockets of that kind, but for ports that others have bound; and the ports that somebody tried to bind. */
function host(taken: readonly number[] = []) {
  const asked = new Set<number>();
  const ports = new PortReservations(({ port }) => {
    asked.add(port);
    throw new SystemCallError('bind', taken.includes(port) ? 'EADDRINUSE' : 'EPROTONOSUPPORT');
  });
  return { ports, asked };
}

const trial = { owner: 'a', choices: [], anew: false } as const;

test('what is only tried is held by nobody afterwards', () => {
  const { ports, asked } = host();
  using _ = ports;
  const choice = { protocol: 'sctp', addresses, range: { first: 5000, last: 5003 } } as const;
  assert.deepEqual(ports.try({ ...trial, ports: [on(5000), on(5001)], choices: [choice, choice] }), [
    { port: 5002 },
    { port: 5003 },
  ]);
  assert.ok(asked.has(5000), 'the kernel was asked');
  assert.deepEqual(ports.list(), []);
});

test('a trial says what the real thing would say, and leaves what the owner has', () => {
  const { ports } = host([7000]);
  using _ = ports;
  ports.reserve({ owner: 'a', ports: [on(5000)] });
  ports.reserve({ owner: 'b', ports: [on(6000)] });
  const before = ports.list();
  const refused = [
    [7000, 'failed to bind host port 0.0.0.0:7000/sctp: address already in use'],
    [6000, 'Bind for 0.0.0.0:6000 failed: port is already allocated'],
  ] as const;
  for (const [port, message] of refused)
    assert.throws(() => ports.try({ ...trial, ports: [on(5001), on(port)] }), { message });
  assert.deepEqual(ports.try({ ...trial, ports: [on(5000)] }), []);
  assert.deepEqual(ports.list(), before);
});

test('what an owner would have given up is not in the way of what it tries', () => {
  const { ports } = host();
  using _ = ports;
  const loopback = parseIpAddress('127.0.0.1');
  ports.reserve({ owner: 'a', ports: [on(5000, loopback)] });
  assert.deepEqual(ports.try({ ...trial, ports: [on(5000)], anew: true }), []);
  assert.equal(ports.list().length, 1);
});

test('a port that was only tried may be the next one that is given', () => {
  const { ports } = host();
  using _ = ports;
  const choices = [{ protocol: 'sctp', addresses: [anyV4] }] as const;
  const [tried] = ports.try({ ...trial, ports: [], choices });
  assert.deepEqual(ports.pick({ owner: 'a', ...choices[0] }), tried);
});
