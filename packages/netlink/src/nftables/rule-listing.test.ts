import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeWriter } from '../attribute.ts';
import { decodeMessages, encodeMessage, type Message } from '../message.ts';
import { summarizeChain } from './chain-listing.ts';
import type { TableDefinition } from './definition.ts';
import { nftType } from './nft-message.ts';
import { summarizeRule } from './rule-listing.ts';
import { encodeTable } from './table-encoder.ts';
import { encodeTraceTable } from './trace-table.ts';

const table: TableDefinition = {
  family: 'ip',
  name: 'filter',
  sets: [],
  chains: [
    {
      name: 'FORWARD',
      hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'drop' },
      rules: [
        { statements: [{ match: ['iifname'], with: { value: 'eth0' } }, { verdict: 'drop' }], comment: 'no' },
        { statements: [{ match: ['meta l4proto'], with: { value: 'tcp' } }, { reject: 'tcp reset' }] },
      ],
    },
  ],
};

function messages(): Message[] {
  return encodeTable(table).flatMap(({ message }) => decodeMessages(message));
}

test('a chain is told with its hook and policy', () => {
  const [chain] = messages().filter(({ type }) => type === nftType.newChain);
  assert.deepEqual(chain && summarizeChain(chain), {
    family: 'ip',
    table: 'filter',
    chain: 'FORWARD',
    hook: 'forward',
    priority: 0,
    policy: 'drop',
  });
});

test('rules that we can read whole are told as nft prints them', () => {
  const rules = messages().filter(({ type }) => type === nftType.newRule);
  const [first, second] = rules.map(summarizeRule);
  assert.equal(first?.text, 'iifname "eth0" drop comment "no"');
  assert.equal(first?.comment, 'no');
  assert.equal(first?.rejects, false);
  assert.equal(second?.rejects, true);
});

/** A rule made of instructions by name, as other tools make them. */
function foreignRule(instructions: [name: string, data: (writer: AttributeWriter) => void][]): Message {
  const message = encodeMessage(nftType.newRule, 0, (writer) => {
    writer.header.u8(2).u8(0).u16be(0);
    writer.text(1, 'filter').text(2, 'FORWARD').u64be(3, 7n);
    writer.nested(4, (list) => {
      for (const [name, data] of instructions) list.nested(1, (element) => element.text(1, name).nested(2, data));
    });
  });
  const [decoded] = decodeMessages(message);
  if (decoded === undefined) throw new Error('no message');
  return decoded;
}

test('of rules with parts that we do not know, nothing is left out', () => {
  const rule = foreignRule([
    ['payload', (data) => data.u32be(1, 1).u32be(2, 1).u32be(3, 16).u32be(4, 4)],
    [
      'cmp',
      (data) =>
        data
          .u32be(1, 1)
          .u32be(2, 1)
          .nested(3, (value) => value.bytes(1, Uint8Array.of(192, 0, 2, 1))),
    ],
    ['match', (data) => data.text(1, 'comment')],
    ['limit', () => undefined],
    ['target', (data) => data.text(1, 'REJECT')],
  ]);
  const { text, rejects, handle } = summarizeRule(rule);
  assert.equal(text, 'ip daddr != 192.0.2.1 xt match "comment" [limit] xt target "REJECT"');
  assert.equal(rejects, true);
  assert.equal(handle, 7n);
});

test('a table for a trace has a chain for each hook or interface and a rule for each mark', () => {
  const marks = [
    { offset: 4, bytes: Uint8Array.of(1, 2, 3) },
    { offset: 8, bytes: Uint8Array.of(4) },
  ];
  const count = (requests: readonly unknown[]) => requests.length;
  assert.equal(count(encodeTraceTable({ family: 'inet', name: 'x', marks })), 1 + 2 * 4);
  assert.equal(count(encodeTraceTable({ family: 'netdev', name: 'x', marks, devices: ['a', 'b', 'c'] })), 1 + 3 * 4);
});
