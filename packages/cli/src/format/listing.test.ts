import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Options } from '../command/options.ts';
import { filterText, printListing } from './listing.ts';

function listed(values: Record<string, unknown>): string[] {
  const lines: string[] = [];
  const options = new Options(new Map(Object.entries(values)));
  printListing(
    { options, print: (line) => void lines.push(line) },
    {
      rows: [
        { ID: '0123456789ab', Name: 'bridge' },
        { ID: 'ba9876543210', Name: 'a' },
      ],
      headings: { ID: 'NETWORK ID', Name: 'NAME' },
      columns: ['ID', 'Name'],
      identity: 'ID',
      raw: [],
    },
  );
  return lines;
}

test('a table is aligned as docker aligns it', () => {
  assert.deepEqual(listed({}), ['NETWORK ID     NAME', '0123456789ab   bridge', 'ba9876543210   a']);
});

test('a template has no headings unless it is a table', () => {
  assert.deepEqual(listed({ format: '{{.Name}}' }), ['bridge', 'a']);
  assert.deepEqual(listed({ format: 'table {{.Name}}\\t{{.ID}}' }), [
    'NAME      NETWORK ID',
    'bridge    0123456789ab',
    'a         ba9876543210',
  ]);
});

test('quiet is ids, json is one object on each line', () => {
  assert.deepEqual(listed({ quiet: true }), ['0123456789ab', 'ba9876543210']);
  assert.deepEqual(listed({ format: 'json' })[1], '{"ID":"ba9876543210","Name":"a"}');
});

test('filters of one key are a list', () => {
  assert.equal(filterText(['name=a', 'label=x=y', 'name=b']), '{"name":["a","b"],"label":["x=y"]}');
  assert.equal(filterText([]), undefined);
});
