import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import {
  decodeFlow,
  encodeFlowDeletion,
  encodeFlowDump,
  encodeFlowFlush,
  type Flow,
  matchesFlow,
} from './conntrack.ts';
import { decodeMessages } from './message.ts';

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
