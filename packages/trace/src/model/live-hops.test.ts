import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { Sighting } from './hops.ts';
import { LiveHops, type TraceNews } from './live-hops.ts';

const header: Sighting['header'] = {
  family: 4,
  protocol: 6,
  source: parseIpAddress('10.0.0.2'),
  destination: parseIpAddress('10.0.0.3'),
  sourcePort: 4000,
  destinationPort: 80,
  lifetime: 64,
  marks: [0, 0],
};
const seen = (time: bigint, event: Sighting['event'], namespace = 1): Sighting => ({
  ...{ role: 'request', event, time, packetAddress: 7n, namespace, header },
});

test('each hop is told once, as it is seen, and with the time since the first', () => {
  const told: string[] = [];
  const tell = (news: TraceNews) => {
    if ('hop' in news) told.push(`${news.hop.place} ${news.hop.event} ${news.hop.microseconds}`);
  };
  const live = new LiveHops(tell, (namespace) => (namespace === 1 ? 'web' : 'host'));
  const [sent, received] = [seen(1000n, 'sent'), seen(3000n, 'received', 2)];
  live.note([sent]);
  assert.deepEqual(told, ['web sent 0']);
  live.note([sent]);
  live.note([sent, received, seen(4000n, 'used', 2)]);
  live.note([received, sent, seen(5000n, 'dropped', 2)]);
  assert.deepEqual(told, ['web sent 0', 'host received 2', 'host dropped 4']);
});
