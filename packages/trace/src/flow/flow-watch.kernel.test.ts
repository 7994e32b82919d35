import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type IpAddress, parseIpAddress } from '@fairlead/base';
import { deleteNamespace, enterNamespace, Kernel, namespacePath, Recorder, writeSysctlHere } from '@fairlead/kernel';
import { sendRawPacket } from '@fairlead/kernel/tracing';
import type { FlowEvent } from '@fairlead/netlink';
import type { ProbeProtocol } from '../packet/packet-header.ts';
import { probePacket } from '../packet/probe-packet.ts';
import { accountingKey, type FlowWatch, openFlowTable, readAccounting, watchFlows } from './flow-watch.ts';

const name = `fl-test-flow-${process.pid}`;
const kernel = new Kernel(new Recorder());

before(async () => {
  deleteNamespace(name);
  // Adding a namespace brings its loopback up.
  await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace: name } }]);
});

after(() => {
  kernel[Symbol.dispose]();
  deleteNamespace(name);
});

const inside = <T>(work: () => T): T => enterNamespace(namespacePath(name), work);

function send(protocol: ProbeProtocol, address: IpAddress, sourcePort: number): void {
  const ends = { source: address, destination: address, sourcePort, destinationPort: 9 };
  inside(() => sendRawPacket(probePacket({ protocol, ...ends, tag: 7 }), address));
}

/** A watch, and what it saw. */
function watchAll(): { readonly watch: FlowWatch; readonly events: FlowEvent[]; losses: number } {
  const seen = { events: [] as FlowEvent[], losses: 0 };
  const watch = watchFlows(name, {
    event: (_, event) => seen.events.push(event),
    loss: () => {
      seen.losses += 1;
    },
  });
  return Object.assign(seen, { watch });
}

const tables = () =>
  execFileSync('nsenter', [`--net=${namespacePath(name)}`, 'nft', 'list', 'tables'], { encoding: 'utf8' });

/** A socket that owned a table is closed off the main thread. */
async function untilGone(isGone: () => boolean): Promise<void> {
  for (let attempt = 0; !isGone(); attempt++) {
    assert.ok(attempt < 100, 'the table is still there');
    await sleep(20);
  }
}

test('a namespace that tracks nothing does so while it is watched, and not any more after that', async () => {
  using table = openFlowTable(name);
  const address = parseIpAddress('127.0.0.1');
  send('udp', address, 1000);
  assert.deepEqual(table.list(), []);
  {
    using _watch = watchAll().watch;
    assert.match(tables(), /flow-watch/);
    send('udp', address, 1001);
    assert.deepEqual(
      table.list().map(({ original }) => original.sourcePort),
      [1001],
    );
  }
  await untilGone(() => !tables().includes('flow-watch'));
});

for (const text of ['127.0.0.1', '::1']) {
  const address = parseIpAddress(text);

  test(`a refused connection to ${text} is seen to begin and to end, with what was sent`, () => {
    const seen = watchAll();
    using watch = seen.watch;
    inside(() => writeSysctlHere(accountingKey, '1'));
    assert.equal(readAccounting(name), true);
    send('tcp', address, 2000);
    watch.drain();
    assert.deepEqual(
      seen.events.map(({ type, flow }) => [type, flow.original.sourcePort, flow.tcpState]),
      [
        ['new', 2000, 'syn-sent'],
        ['destroy', 2000, 'close'],
      ],
    );
    const counters = seen.events.at(-1)?.flow.counters;
    assert.deepEqual([counters?.original.packets, counters?.reply.packets], [1, 1]);
  });

  test(`an echo request to ${text} is found again by its number, with its counts`, () => {
    const seen = watchAll();
    using watch = seen.watch;
    send('icmp', address, 3000);
    watch.drain();
    const flow = seen.events.find(({ type }) => type === 'new')?.flow;
    assert.ok(flow?.original.echo);
    const found = watch.find(flow);
    assert.equal(found?.id, flow.id);
    assert.equal(found?.counters?.original.packets, 1);
    const echo = { ...flow.original.echo, identifier: flow.original.echo.identifier + 1 };
    assert.equal(watch.find({ ...flow, original: { ...flow.original, echo } }), undefined);
  });
}

/** Datagrams to as many ports, sent by a process of its own. */
const flood = `
const socket = require('node:dgram').createSocket('udp4');
let left = 25_000;
for (let port = 10_000; port < 35_000; port++)
  socket.send('x', port, '127.0.0.1', () => --left === 0 && socket.close());
`;

test('events that the kernel had no room for are reported as lost', () => {
  const seen = watchAll();
  using watch = seen.watch;
  // Nothing is read meanwhile.
  execFileSync('nsenter', [`--net=${namespacePath(name)}`, process.execPath, '-e', flood]);
  watch.drain();
  assert.ok(seen.losses > 0, `${seen.events.length} events came and none were lost`);
});
