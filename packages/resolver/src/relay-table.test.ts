import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { Relay } from '@fairlead/dns';
import { RelayTable } from './relay-table.ts';

const anyAddress = parseIpAddress('::');
const one = parseIpAddress('2001:db8::1');
const other = parseIpAddress('2001:db8::2');
const container = parseIpAddress('172.18.0.2');

const web: Relay = {
  protocol: 'tcp',
  hostAddress: anyAddress,
  first: 8080,
  last: 8080,
  containerAddress: container,
  containerFirst: 80,
};

test('a port of any address leads to its container, and only with its protocol', () => {
  const table = new RelayTable();
  table.set({ owner: 'a', relays: [web] });
  assert.deepEqual(table.find('tcp', one, 8080), { owner: 'a', address: container, port: 80 });
  assert.equal(table.find('udp', one, 8080), undefined);
  assert.equal(table.find('tcp', one, 8081), undefined);
});

test('ports of a range keep their distance', () => {
  const table = new RelayTable();
  table.set({ owner: 'a', relays: [{ ...web, first: 9000, last: 9999, containerFirst: 1000 }] });
  assert.equal(table.find('tcp', one, 9000)?.port, 1000);
  assert.equal(table.find('tcp', one, 9999)?.port, 1999);
  assert.equal(table.find('tcp', one, 10_000), undefined);
});

test('an address of its own takes precedence over any address, whichever came first', () => {
  for (const order of [
    ['any', 'own'],
    ['own', 'any'],
  ]) {
    const table = new RelayTable();
    for (const owner of order) {
      table.set({ owner, relays: [owner === 'own' ? { ...web, hostAddress: one } : web] });
    }
    assert.equal(table.find('tcp', one, 8080)?.owner, 'own');
    assert.equal(table.find('tcp', other, 8080)?.owner, 'any');
  }
});

test('setting replaces what the owner had, and leaves others alone', () => {
  const table = new RelayTable();
  table.set({ owner: 'a', relays: [web, { ...web, protocol: 'udp' }] });
  table.set({ owner: 'b', relays: [{ ...web, first: 81, last: 81 }] });
  const settings = { owner: 'a', relays: [{ ...web, first: 8081, last: 8081 }] };
  table.set(settings);
  table.set(settings);
  assert.equal(table.find('tcp', one, 8080), undefined);
  assert.equal(table.find('tcp', one, 8081)?.owner, 'a');
  assert.equal(table.find('tcp', one, 81)?.owner, 'b');
  table.set({ owner: 'a', relays: [] });
  assert.equal(table.find('tcp', one, 8081), undefined);
  assert.deepEqual(
    table.list().map(({ owner }) => owner),
    ['b'],
  );
});

test('a port belongs to the owner that had it last, until that gives it up', () => {
  const table = new RelayTable();
  table.set({ owner: 'a', relays: [web] });
  table.set({ owner: 'b', relays: [web] });
  assert.equal(table.find('tcp', one, 8080)?.owner, 'b');
  table.set({ owner: 'b', relays: [] });
  assert.equal(table.find('tcp', one, 8080)?.owner, 'a');
});

test('a port that is both by itself and in a range belongs to the owner that had it last', () => {
  const range = { ...web, first: 8000, last: 8999, containerFirst: 8000 };
  for (const [first, second] of [
    [web, range],
    [range, web],
  ]) {
    const table = new RelayTable();
    table.set({ owner: 'a', relays: [first ?? web] });
    table.set({ owner: 'b', relays: [second ?? web] });
    assert.equal(table.find('tcp', one, 8080)?.owner, 'b');
    table.set({ owner: 'b', relays: [] });
    assert.equal(table.find('tcp', one, 8080)?.owner, 'a');
  }
});

test('what cannot be relayed is refused, and changes nothing', () => {
  const table = new RelayTable();
  table.set({ owner: 'a', relays: [web] });
  const wrong: Partial<Relay>[] = [
    { hostAddress: parseIpAddress('0.0.0.0') },
    { first: 0 },
    { first: 8081 },
    { last: 65_536 },
    { last: 9000, containerFirst: 65_000 },
    { containerFirst: 0 },
  ];
  for (const part of wrong) {
    const relays = [
      { ...web, first: 81, last: 81 },
      { ...web, ...part },
    ];
    assert.throws(() => table.set({ owner: 'a', relays }), { code: 'invalid-argument' }, JSON.stringify(part));
  }
  assert.deepEqual(table.list(), [{ owner: 'a', relays: [web] }]);
});
