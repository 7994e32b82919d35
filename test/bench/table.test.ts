import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atMost, measured, measuredInPairs } from './measurement.ts';
import { formatNumber, formatSummary, markdownTable, terminalTable } from './table.ts';

const lines = [
  measured(
    { subject: 'network', what: 'create', unit: 'ms', goal: atMost(0.1, 'dockerd') },
    { fairlead: [5], dockerd: [72] },
  ),
  measured({ subject: 'network', what: 'remove', unit: 'ms' }, { fairlead: [30, 31, 40], dockerd: [142] }),
  measured({ subject: 'names', what: 'answers', unit: '/s' }, { fairlead: [91_234] }),
];

test('numbers keep three digits that count', () => {
  assert.deepEqual([0.7123, 7.06, 71.26, 712.6, 81_234.5, 0].map(formatNumber), [
    '0.71',
    '7.1',
    '71.3',
    '713',
    '81,235',
    '0',
  ]);
});

test('a spread is shown where there is one', () => {
  assert.equal(formatSummary({ count: 3, median: 83, low: 71, high: 95.2 }), '83 (71–95.2)');
  assert.equal(formatSummary({ count: 1, median: 83, low: 83, high: 83 }), '83');
});

test('the terminal table lines up its columns under the headings of the subjects', () => {
  assert.equal(
    terminalTable(lines),
    [
      '         unit  Fairlead    dockerd 20.10  ratio            goal             ',
      'network',
      'create   ms    5           72             0.069 × dockerd  ≤ 0.1 × dockerd  met',
      'remove   ms    31 (30–40)  142            0.22 × dockerd',
      'names',
      'answers  /s    91,234',
    ]
      .map((line) => line.trimEnd())
      .join('\n'),
  );
});

test('the Markdown table has the same cells', () => {
  const [head, rule, subject, create] = markdownTable(lines).split('\n');
  assert.equal(head, '|  | unit | Fairlead | dockerd 20.10 | ratio | goal |  |');
  assert.equal(rule, '| --- | --- | --- | --- | --- | --- | --- |');
  assert.equal(subject, '| **network** |  |  |  |  |  |  |');
  assert.equal(create, '| create | ms | 5 | 72 | 0.069 × dockerd | ≤ 0.1 × dockerd | met |');
});

test('the ratio of pairs is that of the pairs, with its spread', () => {
  const line = { subject: 'trace', what: 'bytes', unit: 'MB/s', goal: atMost(1.05, 'floor') };
  const table = markdownTable([measuredInPairs(line, { floor: [100, 10, 1000], fairlead: [102, 10.1, 1060] })]);
  assert.match(table, /\| 1\.02 \(1\.01–1\.06\) × floor \| ≤ 1\.05 × floor \| met \|/);
});
