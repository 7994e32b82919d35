import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { createNamespace, deleteNamespace, enterNamespace, namespacePath } from '../namespace/namespace.ts';
import { boundPort } from '../port/bound-port.ts';
import { serveDatagramBatches } from './datagram-batch.ts';
import { openDatagramFlow } from './datagram-flow.ts';
import { interceptDatagrams, sendDatagramFrom } from './datagram-interception.ts';
import { closeDescriptor, openDatagramSocket } from './network-socket.ts';
import { readSocketAddress } from './socket-address.ts';

const namespace = `fl-test-interception-${process.pid}`;
const loopback = parseIpAddress('::1');
const other = parseIpAddress('2001:db8::7');
const nowhere = parseIpAddress('100::1');

function run(command: readonly string[], input = ''): void {
  execFileSync('nsenter', [`--net=${namespacePath(namespace)}`, ...command], { input });
}

before(() => {
  createNamespace(namespace);
  run(['ip', 'link', 'set', 'lo', 'up']);
  run(['ip', 'address', 'add', `${other}/128`, 'dev', 'lo', 'nodad']);
  const rule = 'meta l4proto udp th dport 53 tproxy ip6 to [100::1]:7';
  run(['nft', `table inet t { chain c { type filter hook prerouting priority 0; fib daddr type local ${rule}; }; }`]);
});
after(() => deleteNamespace(namespace));

test('a datagram for another address arrives with both addresses, and is answered from the one that it was for', async () => {
  const inside = <T>(work: () => T) => enterNamespace(namespacePath(namespace), work);
  const held = inside(() => openDatagramSocket({ family: 6, port: 53 }));
  const relay = inside(() => openDatagramSocket({ family: 6, address: nowhere, port: 7, transparent: true }));
  const seen: unknown[] = [];
  using interception = interceptDatagrams(relay, (datagram, source, destination) => {
    seen.push([datagram.length, readSocketAddress(source).address, readSocketAddress(destination)]);
    sendDatagramFrom(held, datagram, destination, source);
  });
  try {
    for (const [address, size] of [
      [loopback, 1],
      [other, 40_000],
    ] as const) {
      const { promise, resolve } = Promise.withResolvers<number>();
      using flow = inside(() => openDatagramFlow(address, 53, (answer) => resolve(answer.length)));
      flow.send(new Uint8Array(size));
      // A socket with a peer takes datagrams from that peer's address only.
      assert.equal(await promise, size);
    }
    assert.deepEqual(seen, [
      [1, '::1', { address: '::1', port: 53 }],
      [40_000, '2001:db8::7', { address: '2001:db8::7', port: 53 }],
    ]);
  } finally {
    interception[Symbol.dispose]();
    closeDescriptor(held);
  }
});

test('a flow lives on when its peer has nobody on the port', async () => {
  const address = parseIpAddress('127.0.0.1');
  const echo = openDatagramSocket({ family: 4, address, port: 0 });
  const port = boundPort(echo);
  closeDescriptor(echo);
  const { promise, resolve } = Promise.withResolvers<number>();
  using flow = openDatagramFlow(address, port, (datagram) => resolve(datagram[0] ?? 0));
  flow.send(Uint8Array.of(1));
  // Long enough for the loop to come across the refusal.
  for (let turn = 0; turn < 3; turn++) await new Promise((done) => setImmediate(done));
  flow.send(Uint8Array.of(2));
  const late = openDatagramSocket({ family: 4, address, port });
  using _echo = serveDatagramBatches(late, (_slot, length) => length);
  flow.send(Uint8Array.of(3));
  assert.equal(await promise, 3);
});
