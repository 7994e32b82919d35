import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import {
  decodeFlow,
  encodeFlowDeletion,
  encodeFlowDump,
  encodeFlowFlush,
  encodeFlowQuery,
  type Flow,
  matchesFlow,
} from './conntrack.ts';
import { decodeMessages } from './message.ts';
import { encodeTrackingTable } from './nftables/tracking-table.ts';

const asker = parseIpAddress('192.0.2.2');
const host = parseIpAddress('192.0.2.1');
const container = parseIpAddress('172.17.0.2');
const flow: Flow = {
  family: 4,
  original: { source: asker, destination: host, protocol: 17, sourcePort: 4000, destinationPort: 8080 },
  reply: { source: container, destination: asker, protocol: 17, sourcePort: 80, destinationPort: 4000 },
  status: 32,
  mark: 0,
  id: 7,
};

const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(16)).toString('hex');

test('a filter names what counts in the kernel’s bits', () => {
  const bytes = encodeFlowDump({ family: 4, original: { protocol: 17, destinationPort: 8080 } });
  // nfgenmsg version 1 · CTA_TUPLE_ORIG { CTA_TUPLE_PROTO { number 17, port 8080 } } · CTA_FILTER { 40, 0 }
  assert.equal(
    hex(bytes),
    '02010000' +
      '18000180' +
      '14000280' +
      '0500010011000000' +
      '060003001f900000' +
      '14001980' +
      '0800010028000000' +
      '0800020000000000',
  );
});

test('a flow is removed by its first direction and its number', () => {
  const [message] = decodeMessages(encodeFlowDeletion(flow));
  assert.ok(message);
  assert.equal(message.type, 0x102);
  assert.match(Buffer.from(message.body).toString('hex'), /08000c0000000007$/);
});

test('what would remove all flows is refused', () => {
  assert.throws(() => encodeFlowFlush({ family: 4, original: {} }), RangeError);
});

test('a flow is read from what the kernel lists', () => {
  const body = Buffer.from(
    '02000000' +
      '34000180' +
      '14000180' +
      '08000100c0000202' +
      '08000200c0000201' +
      '1c000280' +
      '0500010011000000' +
      '060002000fa00000' +
      '060003001f900000' +
      '34000280' +
      '14000180' +
      '08000100ac110002' +
      '08000200c0000202' +
      '1c000280' +
      '0500010011000000' +
      '0600020000500000' +
      '060003000fa00000' +
      '0800030000000020' +
      '080008000000000000'.slice(0, 16) +
      '08000c0000000007',
    'hex',
  );
  assert.deepEqual(decodeFlow({ type: 0x100, flags: 0, sequence: 0, body }), flow);
});

test('a filter lets through the flows that agree in every field', () => {
  assert.ok(matchesFlow({ family: 4, reply: { source: container } }, flow));
  assert.ok(matchesFlow({ family: 4, original: { protocol: 17, destinationPort: 8080 } }, flow));
  assert.ok(!matchesFlow({ family: 4, original: { protocol: 6, destinationPort: 8080 } }, flow));
  assert.ok(!matchesFlow({ family: 6, reply: { source: container } }, flow));
});

/** Attributes after the tuples of {@link flow}, as in the last notification about it. */
const tuples =
  '34000180140001800800' + '0100c000020208000200c00002011c000280050001001100000006000200' + '0fa00000060003001f900000';

test('counts and the state of TCP are read where the kernel tells them', () => {
  const counters = (packets: string, bytes: string) => `0c000100${packets}0c000200${bytes}`;
  const body = Buffer.from(
    `02000000${tuples}${tuples.replace('34000180', '34000280')}` +
      '10000480' +
      '0c000180' +
      '0500010008000000' +
      `1c000980${counters('0000000000000003', '00000000000000b4')}` +
      `1c000a80${counters('0000000000000002', '0000000100000000')}`,
    'hex',
  );
  const read = decodeFlow({ type: 0x102, flags: 0, sequence: 0, body });
  assert.equal(read.tcpState, 'close');
  assert.deepEqual(read.counters, { original: { packets: 3, bytes: 180 }, reply: { packets: 2, bytes: 2 ** 32 } });
});

for (const [protocol, address, first] of [
  [1, asker, '04'],
  [58, parseIpAddress('fd00::1'), '07'],
] as const) {
  test(`a flow of protocol ${protocol} is asked for by type, code and number`, () => {
    const echo = { type: 8, code: 0, identifier: 0x1234 };
    const tuple = { source: address, destination: address, protocol, echo };
    const [message] = decodeMessages(encodeFlowQuery({ family: protocol === 1 ? 4 : 6, original: tuple }));
    assert.ok(message);
    assert.equal(message.type, 0x101);
    assert.match(Buffer.from(message.body).toString('hex'), new RegExp(`0600${first}0012340000`));

    const body = Buffer.concat([message.body, Buffer.from(encodeReply(message.body))]);
    assert.deepEqual(decodeFlow({ ...message, body }).original, tuple);
    assert.deepEqual(decodeFlow({ ...message, body }).reply, tuple);
  });
}

/** The same tuple once more, as CTA_TUPLE_REPLY. */
function encodeReply(body: Uint8Array): Uint8Array {
  const copy = body.slice(4);
  copy[2] = 2;
  return copy;
}

test('a table that only makes its namespace track connections belongs to whoever made it', () => {
  const requests = encodeTrackingTable('flow-watch-1');
  assert.deepEqual(
    requests.map(({ operation }) => operation),
    ['add table inet flow-watch-1', 'add chain inet flow-watch-1 unused', 'add rule inet flow-watch-1 unused'],
  );
  // NFTA_TABLE_FLAGS with NFT_TABLE_F_OWNER.
  assert.match(Buffer.from(requests[0]?.message ?? []).toString('hex'), /0800020000000002/);
});
