import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { HoldTable } from './hold-table.ts';

const anyV4 = parseIpAddress('0.0.0.0');
const anyV6 = parseIpAddress('::');
const one = parseIpAddress('192.0.2.1');

function group(first: number, last = first, addresses = [anyV4, anyV6]) {
  return { protocol: 'tcp', first, last, addresses } as const;
}

test('a range and a single port are found, with their protocol only, until they go', () => {
  const table = new HoldTable();
  const [range, single] = [
    { owner: 'a', ...group(1000, 1999) },
    { owner: 'b', ...group(1500, 1500, [one]) },
  ];
  table.add(range);
  table.add(single);
  assert.deepEqual(table.at('tcp', 1500), [single, range]);
  assert.deepEqual(table.at('tcp', 1999), [range]);
  assert.deepEqual(table.at('tcp', 2000), []);
  assert.deepEqual(table.at('udp', 1500), []);
  table.delete(range);
  assert.deepEqual(table.at('tcp', 1500), [single]);
  assert.deepEqual([...table.owners().keys()], ['b']);
});

test('the lowest port that somebody has is named with the address that it is wanted for', () => {
  const table = new HoldTable();
  const hold = { owner: 'a', ...group(1005, 1005, [one]) };
  table.add({ owner: 'a', ...group(1009) });
  table.add(hold);
  assert.deepEqual(table.lowestTaken(group(1000, 1010)), { port: 1005, address: anyV4, hold });
  assert.equal(table.lowestTaken(group(1000, 1010, [anyV6]))?.port, 1009);
  assert.equal(table.lowestTaken(group(1000, 1004)), undefined);
  assert.equal(table.lowestTaken({ ...group(1000, 1010), protocol: 'udp' }), undefined);
  table.add({ owner: 'b', ...group(1007, 1999, [anyV4]) });
  const range = { owner: 'b', ...group(900, 1003, [anyV6]) };
  table.add(range);
  assert.deepEqual(table.lowestTaken(group(1000, 1010)), { port: 1000, address: anyV6, hold: range });
  assert.equal(table.lowestTaken(group(1004, 1010))?.port, 1005);
  assert.equal(table.lowestTaken(group(1006, 1010, [anyV4]))?.port, 1007);
  assert.equal(table.lowestTaken(group(1004, 1006, [anyV6])), undefined);
});

test('an owner misses what it does not have, addresses together where they miss the same', () => {
  const table = new HoldTable();
  assert.deepEqual(table.missing('a', group(1000, 1999)), [group(1000, 1999)]);
  table.add({ owner: 'a', ...group(1100, 1199) });
  table.add({ owner: 'b', ...group(1300, 1399) });
  assert.deepEqual(table.missing('a', group(1000, 1999)), [group(1000, 1099), group(1200, 1999)]);
  table.add({ owner: 'a', ...group(1200, 1999, [anyV4]) });
  assert.deepEqual(table.missing('a', group(1000, 1999)), [group(1000, 1099), group(1200, 1999, [anyV6])]);
  assert.deepEqual(table.missing('a', group(1100, 1150)), []);
});
