import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Options } from '../command/options.ts';
import { filterText, printListing, printValues } from './listing.ts';

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
      labels: [{ 'com.example.cost-center': 'a,b=c' }, null],
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

test('labels are asked for by name, and their heading is the end of it', () => {
  assert.deepEqual(listed({ format: '{{.Name}} {{.Label "com.example.cost-center"}}' }), ['bridge a,b=c', 'a ']);
  assert.deepEqual(listed({ format: 'table {{upper .Name}}\\t{{.Label "com.example.cost-center"}}' }), [
    'NAME      cost center',
    'BRIDGE    a,b=c',
    'A         ',
  ]);
});

test('an empty format is none', () => assert.deepEqual(listed({ format: '' }), listed({})));

test('quiet is ids, json is one object on each line', () => {
  assert.deepEqual(listed({ quiet: true }), ['0123456789ab', 'ba9876543210']);
  assert.deepEqual(listed({ format: 'json' })[1], '{"ID":"ba9876543210","Name":"a"}');
});

test('single things are JSON as a list, on one line if that is asked for', () => {
  const lines: string[] = [];
  for (const format of [undefined, 'json', '{{.a}}'])
    printValues([{ a: 1 }, { a: 2 }], format, (line) => lines.push(line));
  assert.deepEqual(lines, [JSON.stringify([{ a: 1 }, { a: 2 }], null, 4), '[{"a":1},{"a":2}]', '1', '2']);
});

test('filters of one key are a list', () => {
  assert.equal(filterText(['name=a', 'label=x=y', 'name=b']), '{"name":["a","b"],"label":["x=y"]}');
  assert.equal(filterText([]), undefined);
});
