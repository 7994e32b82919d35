import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '../configuration/container-config.ts';
import { sampleContainer } from '../testing/sample-container.ts';
import { startOrder } from './start-order.ts';

/** Containers by name, created in this order. */
function order(hosts: Readonly<Record<string, Partial<HostConfig>>>, wanted = Object.keys(hosts)): string[] {
  const all = Object.entries(hosts).map(([name, host], created) => sampleContainer({ id: name, name, created, host }));
  const shuffled = all.filter(({ name }) => wanted.includes(name)).reverse();
  const turns = startOrder(shuffled, (reference) => all.find(({ name }) => name === reference));
  return turns.map(({ id, after }) => (after.length > 0 ? `${id}<${after.join()}` : id));
}

test('containers start in the order of their creation', () => {
  assert.deepEqual(order({ a: {}, b: {}, c: {} }), ['a', 'b', 'c']);
});

test('whose namespaces or names are used starts first', () => {
  assert.deepEqual(order({ a: { networkMode: 'container:b' }, b: {} }), ['b', 'a<b']);
  assert.deepEqual(order({ a: { pidMode: 'container:c', ipcMode: 'container:b' }, b: {}, c: {} }), ['c', 'b', 'a<c,b']);
  assert.deepEqual(order({ web: { links: ['db', 'cache:redis'] }, db: {}, cache: { links: ['db:sql'] } }), [
    'db',
    'cache<db',
    'web<db,cache',
  ]);
});

test('who runs already, is gone, or would be waited for by itself is not waited for', () => {
  assert.deepEqual(order({ a: { networkMode: 'container:b' }, b: {} }, ['a']), ['a']);
  assert.deepEqual(order({ a: { links: ['gone'] } }), ['a']);
  assert.deepEqual(order({ a: { links: ['b'] }, b: { links: ['a'] } }), ['b', 'a<b']);
});
