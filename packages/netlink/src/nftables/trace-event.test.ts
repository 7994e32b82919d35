import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeWriter } from '../attribute.ts';
import { decodeMessages, type Message } from '../message.ts';
import { nftMessage, nftType } from './nft-message.ts';
import { decodeGeneration, decodeTraceEvent } from './trace-event.ts';

function message(type: number, body: (writer: AttributeWriter) => void): Message {
  const [first] = decodeMessages(nftMessage(type, 0, 'inet', body));
  assert.ok(first);
  return first;
}

test('the first event in a chain tells the rule, the headers and the connection', () => {
  const network = Uint8Array.of(0x45, 0, 0, 29);
  const event = message(nftType.trace, (writer) => {
    writer.u32be(4, 3).u32be(6, 77).text(1, 'fairlead').text(2, 'containers').u64be(3, 5n);
    writer.nested(5, (verdict) => verdict.u32be(1, -4).text(2, 'published'));
    writer.u32be(15, 10).u32be(10, 2).u16be(11, 1).u32be(12, 3).u32be(14, 17).bytes(8, network);
    writer.u32be(18, 9).u8(19, 1).u32be(20, 32).u32be(21, 2);
  });
  assert.deepEqual(decodeTraceEvent(event), {
    type: 'rule',
    id: 77,
    family: 'inet',
    table: 'fairlead',
    chain: 'containers',
    handle: 5n,
    verdict: { name: 'goto', chain: 'published' },
    protocol: 6,
    incoming: 2,
    outgoing: 3,
    mark: 17,
    headers: { network },
    connection: { id: 9, direction: 'reply', status: 32, state: 2 },
  });
});

test('a policy is told without a rule', () => {
  const event = message(nftType.trace, (writer) =>
    writer.u32be(4, 1).u32be(6, 1).text(1, 't').text(2, 'c').u32be(16, 0),
  );
  assert.deepEqual(decodeTraceEvent(event), {
    type: 'policy',
    id: 1,
    family: 'inet',
    table: 't',
    chain: 'c',
    policy: 'drop',
  });
});

test('a kind of event that does not exist yet is passed over', () => {
  assert.equal(decodeTraceEvent(message(nftType.trace, (writer) => writer.u32be(4, 9).u32be(6, 1))), undefined);
});

test('a new generation tells who made it', () => {
  const event = message(nftType.newGeneration, (writer) => writer.u32be(1, 2).u32be(2, 4711).text(3, 'nft'));
  assert.deepEqual(decodeGeneration(event), { generation: 2, processId: 4711, processName: 'nft' });
});
