import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '@fairlead/store';
import type { Endpoint } from '../model.ts';
import { endpoint } from '../testing/samples.ts';
import { EndpointTable } from './endpoint-table.ts';

test('endpoints come in the order of joining, also after they were read from disk by their ids', () => {
  using store = Store.open(':memory:');
  const documents = store.collection<Endpoint>('endpoint');
  for (const id of ['c', 'a', 'b']) {
    const table = new EndpointTable(documents);
    table.put(endpoint({ id, sequence: table.nextSequence, sandbox: 's', network: 'n' }));
  }
  const sorted = {
    put() {},
    delete() {},
    *[Symbol.iterator]() {
      yield* [...documents].sort((x, y) => (x.id < y.id ? -1 : 1));
    },
  };
  const table = new EndpointTable(Object.assign(Object.create(documents), sorted));
  assert.equal(table.nextSequence, 4);
  assert.deepEqual(
    new EndpointTable(documents).inSandbox('s').map(({ id }) => id),
    ['c', 'a', 'b'],
  );
});

test('an endpoint that is gone is found nowhere', () => {
  using store = Store.open(':memory:');
  const table = new EndpointTable(store.collection<Endpoint>('endpoint'));
  const item = table.put(endpoint({ id: 'a', sandbox: 's', network: 'n', hostInterface: 'veth1' }));
  assert.deepEqual([table.inSandbox('s'), table.onNetwork('n'), table.behind('veth1')], [[item], [item], item]);
  table.delete(item);
  assert.deepEqual([table.get('a'), table.inSandbox('s'), table.onNetwork('n')], [undefined, [], []]);
  assert.equal(table.behind('veth1'), undefined);
});
