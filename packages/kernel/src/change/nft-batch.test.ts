import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, ElementObject, TableDefinition } from '@fairlead/netlink';
import { OpenNamespace } from '../namespace/open-namespace.ts';
import { NftBatch } from './nft-batch.ts';
import { NftState } from './nft-state.ts';

const table: TableDefinition = {
  family: 'inet',
  name: 'example',
  sets: [
    { name: 'ports', key: ['inet_service'], value: ['ipv4_addr'] },
    { name: 'names', key: ['ifname'] },
  ],
  chains: [],
};

const port = (key: string, value: string): ElementObject => ({
  kind: 'element',
  namespace: '',
  table: 'example',
  set: 'ports',
  key: [key],
  value: [value],
});
const name = (key: string): ElementObject => ({
  kind: 'element',
  namespace: '',
  table: 'example',
  set: 'names',
  key: [key],
});

/** What a transaction of these changes says, a line for each message; the kernel is not asked for anything. */
function operations(changes: readonly (Change & { readonly object: ElementObject })[]): string[] {
  using namespace = new OpenNamespace('');
  const state = new NftState(namespace);
  state.learn(table);
  const batch = new NftBatch(state);
  for (const change of changes) batch.add(change);
  return batch.finish().map(({ operation }) => operation);
}

test('elements of one set share a message, whatever comes between them', () => {
  const changes = ['80', '81', '82'].flatMap((key) => [
    { action: 'add', object: port(key, '10.0.0.2') } as const,
    { action: 'add', object: name(`br-${key}`) } as const,
  ]);
  assert.deepEqual(operations(changes), [
    'add element inet example ports { 80, … }',
    'add element inet example names { br-80, … }',
  ]);
});

test('what is done to one set is done in its order', () => {
  const previous = port('80', '10.0.0.2');
  const changes = [
    { action: 'add', object: name('br-a') },
    { action: 'change', object: port('80', '10.0.0.3'), previous },
    { action: 'remove', object: name('br-b') },
    { action: 'remove', object: port('80', '10.0.0.3') },
  ] as const;
  const done = operations(changes);
  const about = (set: string) =>
    done.filter((operation) => operation.includes(` ${set} `)).map((line) => line.slice(0, 6));
  assert.deepEqual(about('ports'), ['delete', 'add el', 'delete']);
  assert.deepEqual(about('names'), ['add el', 'delete']);
});
