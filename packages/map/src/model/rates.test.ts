import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkStatistics } from '@fairlead/netlink';
import type { MapView } from './map-view.ts';
import { type CounterSample, changedRates, ratesBetween } from './rates.ts';

const view: MapView = {
  schema: 'fairlead.map/1',
  host: { name: 'box', uplinks: [{ id: 'link:eth0', name: 'eth0', up: true, addresses: [], gateways: [] }] },
  networks: [],
  tiles: [
    {
      id: 'tile:web',
      name: 'web',
      network: 'network:app',
      owner: 'fairlead',
      state: 'running',
      addresses: [],
      connected: true,
      device: 'veth1',
    },
  ],
  ports: [],
  findings: [],
};

function counters(receivedBytes: number, sentBytes: number, dropped = 0): LinkStatistics {
  const none = { receivedPackets: 0, sentPackets: 0, receiveErrors: 0, sendErrors: 0, sendDropped: 0 };
  return { ...none, receivedBytes, sentBytes, receiveDropped: dropped };
}

function sample(time: number, links: Record<string, LinkStatistics>): CounterSample {
  return { time, links: new Map(Object.entries(links)) };
}

test('what the host’s end of a cable receives is what the container sent; an uplink is seen by the host', () => {
  const before = sample(1000, { veth1: counters(100, 1000), eth0: counters(0, 0) });
  const after = sample(3000, { veth1: counters(300, 9000, 2), eth0: counters(500, 50) });
  assert.deepEqual(
    [...ratesBetween(view, before, after)],
    [
      ['link:eth0', [250, 25, 0]],
      ['tile:web', [4000, 100, 2]],
    ],
  );
});

const odd: [name: string, before: CounterSample, after: CounterSample][] = [
  ['is new', sample(0, {}), sample(1000, { veth1: counters(5, 5) })],
  ['is gone', sample(0, { veth1: counters(5, 5) }), sample(1000, {})],
  ['was made anew', sample(0, { veth1: counters(500, 5) }), sample(1000, { veth1: counters(0, 9) })],
  ['was read twice at once', sample(0, { veth1: counters(0, 0) }), sample(0, { veth1: counters(9, 9) })],
];
for (const [name, before, after] of odd) {
  test(`an interface that ${name} stands still`, () => {
    assert.deepEqual(ratesBetween(view, before, after).get('tile:web'), [0, 0, 0]);
  });
}

test('only rates that are different are told; what is not there any more stands still', () => {
  const before = new Map([['a', [1, 2, 0] as const]]);
  const after = new Map([
    ['a', [1, 2, 0] as const],
    ['b', [0, 0, 0] as const],
    ['c', [0, 5, 0] as const],
  ]);
  assert.deepEqual(changedRates(before, after), { c: [0, 5, 0] });
  assert.equal(changedRates(after, after), undefined);
  assert.deepEqual(changedRates(after, new Map([['c', [0, 0, 0] as const]])), { c: [0, 0, 0], a: [0, 0, 0] });
  assert.equal(changedRates(new Map([['a', [0, 0, 0] as const]]), new Map()), undefined);
});
