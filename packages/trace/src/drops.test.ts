import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { linesOf, summarizeDrops } from './drops.ts';
import { probePacket } from './packet/probe-packet.ts';
import type { EventRecord } from './program/event-record.ts';

const web = parseIpAddress('10.9.1.2');
const names = {
  directory: {
    containers: [{ name: 'web', id: 'a', attachments: [{ network: 'app', ipv4: web }], publications: [] }],
    networks: [],
  },
  placeName: () => 'host',
};
const reasons = new Map([
  [1, 'NETFILTER_DROP'],
  [2, 'OTHERHOST'],
]);

function record(sourcePort: number, change: Partial<EventRecord> = {}, destination = '192.0.2.1'): EventRecord {
  const ends = { source: web, destination: parseIpAddress(destination), sourcePort, destinationPort: 25 };
  const bytes = probePacket({ protocol: 'tcp', ...ends, tag: 7 });
  const place = { namespace: 1, device: { index: 3, name: 'br-app' }, length: 40, mark: 0 };
  return {
    tracepoint: 'kfree_skb',
    time: 1n,
    packetAddress: 1n,
    reason: 1,
    function: 'nft_do_chain',
    ...place,
    bytes,
    ...change,
  };
}

test('drops that differ only in the port that they come from are one line', () => {
  const [report, ...others] = summarizeDrops([record(1000), record(1001), record(1002)], reasons, names);
  assert.deepEqual(others, []);
  assert.equal(report?.count, 3);
  assert.equal(report?.from, 'web');
  assert.equal(report?.to, undefined);
  assert.equal(report?.reason, 'NETFILTER_DROP');
  assert.equal(report?.protocol, 'tcp');
});

test('echo requests of two addresses of IPv6 are two lines', () => {
  const echo = (source: string) => {
    const ends = { source: parseIpAddress(source), destination: parseIpAddress('fd00::9') };
    return record(0, { bytes: probePacket({ protocol: 'icmp', ...ends, sourcePort: 1, destinationPort: 0, tag: 7 }) });
  };
  const reports = summarizeDrops([echo('fd00::2'), echo('fd00::3'), echo('fd00::2')], reasons, names);
  assert.deepEqual(
    reports.map(({ source, count }) => [source, count]),
    [
      ['fd00::2', 2],
      ['fd00::3', 1],
    ],
  );
});

test('the rule is told as soon as it is known of one of them', () => {
  const rule = { family: 'ip', table: 'filter', chain: 'FORWARD', owner: 'iptables', text: 'drop' } as const;
  const ruleOf = ({ time }: EventRecord) =>
    time === 2n ? ({ ...rule, kind: 'rule', verdict: 'drop' } as const) : undefined;
  const [report] = summarizeDrops([record(1000), record(1000, { time: 2n }), record(1000)], reasons, {
    ...names,
    ruleOf,
  });
  assert.deepEqual(report?.rule, rule);
  assert.equal(report?.count, 3);
});

test('another place, reason or destination is another line', () => {
  const records = [
    record(1),
    record(1, { reason: 9 }),
    record(1, { device: { index: 4, name: 'eth0' } }),
    record(1, {}, '192.0.2.9'),
  ];
  assert.equal(summarizeDrops(records, reasons, names).length, 4);
});

test('who sends under the address of another is named beside it', () => {
  const other = { ...names.directory.containers[0], name: 'db', id: 'b', publications: [] };
  const attachment = { network: 'app', ipv4: parseIpAddress('10.9.1.3'), hostInterface: 'veth1' };
  const containers = [...names.directory.containers, { ...other, attachments: [attachment] }];
  const where = { ...names, directory: { ...names.directory, containers } };
  const port = { device: { index: 5, name: 'veth1' } };
  const [spoofed, ...more] = summarizeDrops([record(1, port)], reasons, where);
  assert.deepEqual([spoofed?.sender, spoofed?.from, more.length], ['db', 'web', 0]);
  const [incoming] = summarizeDrops([record(1, port, '10.9.1.3')], reasons, where);
  assert.equal(incoming?.sender, undefined, 'for the container behind the port');
});

test('copies, packets for many, and what is not IP are no loss', () => {
  const records = [record(1, { reason: 2 }), record(1, {}, '224.0.0.1'), record(1, { bytes: new Uint8Array(64) })];
  assert.deepEqual(summarizeDrops(records, reasons, names), []);
});

test('who has read too slowly is told how many are missing, after those that there was room for', () => {
  const kept = [record(1000), record(1001)];
  const [report, loss, ...others] = linesOf({ kept, missed: 7 }, reasons, names);
  assert.ok(report && 'count' in report && report.count === 2);
  assert.deepEqual(loss, { notice: 'packets are dropped faster than is read here: 7 are missing', code: 'lost' });
  assert.deepEqual(others, []);
  assert.equal(linesOf({ kept, missed: 0 }, reasons, names).length, 1);
});
