import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeWriter } from '../attribute.ts';
import { decodeMessages, encodeMessage, type Message } from '../message.ts';
import { summarizeChain } from './chain-listing.ts';
import type { TableDefinition } from './definition.ts';
import { encodeFirstPackets } from './first-packets.ts';
import { insertionUndo } from './insertion-undo.ts';
import { nftType } from './nft-message.ts';
import { summarizeRule } from './rule-listing.ts';
import { encodeRuleInsertion, encodeTable } from './table-encoder.ts';
import { encodeTraceMarks, encodeTraceTable } from './trace-table.ts';

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

/** A field of the packet into a register, and what it is compared with. */
function compare(
  offset: number,
  base: number,
  bytes: readonly number[],
): [string, (data: AttributeWriter) => unknown][] {
  return [
    ['payload', (data) => data.u32be(1, 1).u32be(2, base).u32be(3, offset).u32be(4, bytes.length)],
    [
      'cmp',
      (data) =>
        data
          .u32be(1, 1)
          .u32be(2, 0)
          .nested(3, (value) => value.bytes(1, Uint8Array.from(bytes))),
    ],
  ];
}

test('limits, quotas, counters with names and what is written into packets are said as nft says it', () => {
  const meta = (key: number, value: number): [string, (data: AttributeWriter) => unknown][] => [
    ['meta', (data) => data.u32be(1, 1).u32be(2, key)],
    [
      'cmp',
      (data) =>
        data
          .u32be(1, 1)
          .u32be(2, 0)
          .nested(3, (each) => each.bytes(1, Uint8Array.of(value))),
    ],
  ];
  const rule = foreignRule([
    ...meta(15, 2),
    ...compare(12, 1, [10, 9, 1, 2]),
    ...meta(16, 6),
    ...compare(2, 2, [0, 80]),
    ['limit', (data) => data.u64be(1, 1n).u64be(2, 86_400n).u32be(3, 5).u32be(4, 0).u32be(5, 1)],
    ['quota', (data) => data.u64be(1, 9n).u32be(2, 0)],
    ['connlimit', (data) => data.u32be(1, 3).u32be(2, 1)],
    ['objref', (data) => data.u32be(1, 1).text(2, 'cnt')],
    ['dynset', (data) => data.text(1, 'seen').u32be(3, 1).u32be(4, 1)],
    ['immediate', (data) => data.u32be(1, 9).nested(2, (value) => value.bytes(1, Uint8Array.of(0, 81)))],
    ['payload', (data) => data.u32be(5, 9).u32be(2, 2).u32be(3, 2).u32be(4, 2)],
    ['queue', (data) => data.u16be(1, 7)],
    ['redir', () => undefined],
  ]);
  assert.equal(
    summarizeRule(rule).text,
    'ip saddr 10.9.1.2 tcp dport 80 limit rate over 1/day burst 5 packets quota 9 bytes ct count over 3 counter name "cnt" update @seen { tcp dport … } tcp dport set 81 queue num 7 redirect',
  );
});

test('a table for a trace has a chain for each hook or interface and a rule for each mark', () => {
  const marks = [
    { offset: 4, bytes: Uint8Array.of(1, 2, 3) },
    { offset: 8, bytes: Uint8Array.of(4) },
  ];
  const count = (requests: readonly unknown[]) => requests.length;
  assert.equal(count(encodeTraceTable({ family: 'inet', name: 'x', marks })), 1 + 2 * 4);
  const firsts = encodeFirstPackets({ family: 'inet', table: 'x', forgetAfter: 4000, perSecond: 100 });
  assert.equal(count(firsts), 2 + 2 * (1 + 6));
  assert.equal(count(encodeTraceTable({ family: 'inet', name: 'x', marks, everywhere: true })), 1 + 5 * 3);
  const changed = encodeTraceMarks({ family: 'inet', name: 'x', marks: marks.slice(1), everywhere: true });
  assert.deepEqual(
    changed.slice(0, 2).map(({ operation }) => operation),
    ['flush chain inet x prerouting', 'add rule inet x prerouting'],
  );
  assert.equal(count(changed), 5 * 2);
  assert.equal(count(encodeTraceTable({ family: 'netdev', name: 'x', marks, devices: ['a', 'b', 'c'] })), 1 + 3 * 4);
});

test('rules that were put before those of others are found again by their comment', () => {
  const rule = { statements: [{ verdict: 'accept' }], comment: 'mine' } as const;
  const batch = [rule, rule].flatMap((each) =>
    decodeMessages(encodeRuleInsertion({ family: 'ip', name: 'filter' }, 'FORWARD', each).message),
  );
  assert.deepEqual(insertionUndo(batch, 'in '), [
    `in nft -a list chain ip filter FORWARD | sed -n 's/.* comment "mine" # handle //p' | head -n 2 | xargs -rn1 in nft delete rule ip filter FORWARD handle`,
  ]);
  const nameless = encodeRuleInsertion({ family: 'ip', name: 'filter' }, 'FORWARD', { statements: rule.statements });
  assert.deepEqual(insertionUndo(decodeMessages(nameless.message)), []);
});
