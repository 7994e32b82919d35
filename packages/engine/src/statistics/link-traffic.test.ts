import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTraffic, parseLinkTraffic } from './link-traffic.ts';

const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
eth0.7:12345678901     22    3    4    5     6          7         8       91      92   93   94   95    96      97         98
`;

test('bytes, packets, errors and losses of each link, either way', () => {
  const none = { receivedBytes: 0, receivedPackets: 0, receiveErrors: 0, receiveDropped: 0 };
  const nothing = { ...none, sentBytes: 0, sentPackets: 0, sendErrors: 0, sendDropped: 0 };
  const received = { receivedBytes: 12_345_678_901, receivedPackets: 22, receiveErrors: 3, receiveDropped: 4 };
  const sent = { sentBytes: 91, sentPackets: 92, sendErrors: 93, sendDropped: 94 };
  assert.deepEqual(parseLinkTraffic(text), [
    { name: 'lo', ...nothing },
    { name: 'eth0.7', ...received, ...sent },
  ]);
});

test('a process that has ended has no links', () => {
  assert.ok(linkTraffic(process.pid)?.some(({ name }) => name === 'lo'));
  assert.equal(linkTraffic(2 ** 22 + 1), undefined);
});
