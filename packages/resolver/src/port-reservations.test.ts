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
