import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { type PortProtocol, parseIpAddress } from '@fairlead/base';
import { PortError } from '@fairlead/dns';
import { PortReservations } from './port-reservations.ts';

const loopback = parseIpAddress('127.0.0.1');
const anyV4 = parseIpAddress('0.0.0.0');
const anyV6 = parseIpAddress('::');

function reservations(context: TestContext): PortReservations {
  const ports = new PortReservations();
  context.after(() => ports[Symbol.dispose]());
  return ports;
}

const one = (port: number, address = loopback, protocol: PortProtocol = 'tcp') => ({
  protocol,
  address,
  first: port,
  last: port,
});

async function strangersPort(context: TestContext): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('a picked port is the same on all addresses, held, and another one next time', (context) => {
  const ports = reservations(context);
  const first = ports.pick({ owner: 'a', protocol: 'tcp', addresses: [anyV4, anyV6] });
  const second = ports.pick({ owner: 'b', protocol: 'tcp', addresses: [anyV4, anyV6] });
  assert.notEqual(first.port, second.port);
  assert.deepEqual(ports.list(), [
    { owner: 'a', ports: [one(first.port, anyV4), one(first.port, anyV6)] },
    { owner: 'b', ports: [one(second.port, anyV4), one(second.port, anyV6)] },
  ]);
});

test('the same owner may ask again; another owner is told who has the port', (context) => {
  const ports = reservations(context);
  const { port } = ports.pick({ owner: 'a', protocol: 'udp', addresses: [anyV4] });
  ports.reserve({ owner: 'a', ports: [one(port, anyV4, 'udp')] });
  assert.equal(ports.list()[0]?.ports.length, 1);
  const heldBy = { errno: 'EADDRINUSE', protocol: 'udp', address: '127.0.0.1', port, heldBy: 'a' };
  assert.throws(
    () => ports.reserve({ owner: 'b', ports: [one(port, loopback, 'udp')] }),
    (error) => {
      assert.deepEqual(error instanceof PortError && error.port, heldBy);
      return true;
    },
  );
  ports.release('a');
  ports.reserve({ owner: 'b', ports: [one(port, loopback, 'udp')] });
});

test('an SCTP port has one owner, whether this kernel has sockets for it or not', (context) => {
  const ports = reservations(context);
  const { port } = ports.pick({ owner: 'a', protocol: 'sctp', addresses: [anyV4, anyV6] });
  assert.deepEqual(ports.list(), [{ owner: 'a', ports: [one(port, anyV4, 'sctp'), one(port, anyV6, 'sctp')] }]);
  assert.throws(() => ports.reserve({ owner: 'b', ports: [one(port, anyV4, 'sctp')] }), {
    message: `Bind for 0.0.0.0:${port} failed: port is already allocated`,
  });
  ports.reserve({ owner: 'b', ports: [one(port, anyV4, 'udp')] });
});

test('all ports of a request or none', async (context) => {
  const ports = reservations(context);
  const { port } = ports.pick({ owner: 'probe', protocol: 'tcp', addresses: [loopback] });
  ports.release('probe');
  const taken = await strangersPort(context);
  assert.throws(() => ports.reserve({ owner: 'a', ports: [one(port), one(taken)] }), { code: 'conflict' });
  assert.deepEqual(ports.list(), []);
  ports.reserve({ owner: 'b', ports: [one(port)] });
});

test('a stranger on one family is found behind a request for both', async (context) => {
  const ports = reservations(context);
  const port = await strangersPort(context);
  assert.throws(() => ports.reserve({ owner: 'a', ports: [one(port, anyV4), one(port, anyV6)] }), {
    message: `failed to bind host port 0.0.0.0:${port}/tcp: address already in use`,
  });
  assert.deepEqual(ports.list(), []);
});

test('a range without a free port is exhausted', async (context) => {
  const ports = reservations(context);
  const port = await strangersPort(context);
  const choice = { owner: 'a', protocol: 'tcp', addresses: [loopback], range: { first: port, last: port } } as const;
  assert.throws(() => ports.pick(choice), { code: 'conflict', message: 'all ports are allocated' });
});

test('a port of an address that the host does not have yet is held all the same', (context) => {
  const ports = reservations(context);
  const addresses = [parseIpAddress('192.0.2.1')];
  const { port } = ports.pick({ owner: 'a', protocol: 'tcp', addresses });
  const range = { first: port, last: port };
  assert.throws(() => ports.pick({ owner: 'b', protocol: 'tcp', addresses, range }), { code: 'conflict' });
});

test('a port that a long range has grown by is given back with the rest', (context) => {
  const ports = reservations(context);
  const address = parseIpAddress('192.0.2.1');
  const upTo = (last: number) => ({ protocol: 'tcp', address, first: 21_000, last }) as const;
  ports.reserve({ owner: 'a', ports: [upTo(21_299)] });
  ports.reserve({ owner: 'a', ports: [upTo(21_300)] });
  ports.release('a');
  ports.reserve({ owner: 'b', ports: [one(21_300, address)] });
});
