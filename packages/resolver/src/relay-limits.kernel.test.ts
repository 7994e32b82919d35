import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { parseIpAddress, relayEndpoint } from '@fairlead/base';
import type { Relay } from '@fairlead/dns';
import { createNamespace, deleteNamespace, enterNamespace, namespacePath } from '@fairlead/kernel';
import { openDatagramFlow, openStreamSocket } from '@fairlead/kernel/sockets';
import { RelayService } from './relay.ts';

/**
 * The service has its sockets in a namespace of its own, where the clients are; it connects from this process's own
 * namespace, so its containers are servers on 127.0.0.1 here.
 */
const namespace = `fl-test-relay-limits-${process.pid}`;
const loopback = parseIpAddress('::1');
const target = `[${relayEndpoint.address}]:${relayEndpoint.port}`;
const rules = `table inet relay {
  chain relay {
    type filter hook prerouting priority -80
    ip6 daddr ::1 tcp dport 8000-8999 tproxy ip6 to ${target}
    ip6 daddr ::1 udp dport 8000-8999 tproxy ip6 to ${target}
  }
}`;

before(() => {
  createNamespace(namespace);
  execFileSync('nsenter', [`--net=${namespacePath(namespace)}`, 'ip', 'link', 'set', 'lo', 'up']);
  execFileSync('nsenter', [`--net=${namespacePath(namespace)}`, 'nft', rules]);
});
after(() => deleteNamespace(namespace));

function inside<T>(work: () => T): T {
  return enterNamespace(namespacePath(namespace), work);
}

function relay(protocol: Relay['protocol'], port: number, containerFirst: number): Relay {
  const containerAddress = parseIpAddress('127.0.0.1');
  return { protocol, hostAddress: parseIpAddress('::'), first: port, last: port, containerAddress, containerFirst };
}

/** A connection that was answered, `undefined` when it was reset. */
async function enter(port: number): Promise<net.Socket | undefined> {
  const socket = new net.Socket({ fd: inside(() => openStreamSocket({ family: 6, port: 0 })) });
  socket.connect({ host: loopback, port });
  socket.write('x');
  const { promise, resolve } = Promise.withResolvers<net.Socket | undefined>();
  socket.once('data', () => resolve(socket));
  socket.on('error', () => resolve(undefined));
  return await promise;
}

test('there is an upper limit to connections, for each owner and for all', async () => {
  const limits = { streams: { total: 3, perOwner: 2 }, datagrams: { flows: 2, idle: 60_000 } };
  using service = new RelayService(() => undefined, limits);
  const server = net.createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  inside(() => service.set({ owner: 'a', relays: [relay('tcp', 8080, port)] }));
  service.set({ owner: 'b', relays: [relay('tcp', 8081, port)] });
  const entered: (net.Socket | undefined)[] = [];
  for (const at of [8080, 8080, 8080, 8081, 8081]) entered.push(await enter(at));
  assert.deepEqual(
    entered.map((socket) => socket !== undefined),
    [true, true, false, true, false],
  );
  const [first, second] = entered;
  first?.resetAndDestroy();
  // The answer to the second is later than the end of the first.
  second?.write('y');
  if (second) await once(second, 'data');
  assert.ok(await enter(8080), 'room again');
  server.close();
});

test('of more flows than there may be, the one that was unused longest is given up', async () => {
  const limits = { streams: { total: 1, perOwner: 1 }, datagrams: { flows: 2, idle: 60_000 } };
  using service = new RelayService(() => undefined, limits);
  const server = dgram.createSocket('udp4');
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  inside(() => service.set({ owner: 'a', relays: [relay('udp', 8053, server.address().port)] }));
  const clients = [0, 1, 2].map(() => inside(() => openDatagramFlow(loopback, 8053, () => {})));
  /** The port from which the server hears of a client: that of the flow. */
  const say = async (index: number) => {
    const heard = once(server, 'message');
    clients[index]?.send(Uint8Array.of(index));
    const [, { port }]: [Uint8Array, dgram.RemoteInfo] = (await heard) as [Uint8Array, dgram.RemoteInfo];
    return port;
  };
  const [first, second] = [await say(0), await say(1)];
  assert.equal(await say(0), first);
  await say(2);
  assert.equal(await say(0), first, 'used since');
  assert.notEqual(await say(1), second, 'given up');
  for (const client of clients) client[Symbol.dispose]();
  server.close();
});
