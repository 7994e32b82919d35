import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleContainer, sampleTable } from '../container/testing/sample-container.ts';
import { whileThere } from './layer-presence.ts';

const container = sampleContainer({ name: 'web' });
/** What containerd says when the layer is gone. */
const fault = new Error('snapshot does not exist');

test('a layer that goes while its container is removed is no fault', async () => {
  const table = sampleTable(container);
  const looked = whileThere(table, 'web', async ({ id }) => {
    table.setState(id, { status: 'removing' });
    throw fault;
  });
  const message = 'removal of container web is already in progress';
  await assert.rejects(looked, { code: 'conflict', message, cause: fault });
});

test('nor is one whose container is gone, even when another one has its name by then', async () => {
  const table = sampleTable(container);
  const looked = whileThere(table, 'web', async ({ id }) => {
    table.delete(id);
    table.put(sampleContainer({ name: 'web' }));
    throw fault;
  });
  await assert.rejects(looked, { code: 'not-found', message: 'No such container: web', cause: fault });
});

test('of a container that stays a fault is one, and what was found is handed on', async () => {
  const table = sampleTable(container);
  await assert.rejects(
    whileThere(table, 'web', () => Promise.reject(fault)),
    fault,
  );
  assert.equal(await whileThere(table, 'web', async ({ id }) => id), container.id);
  await assert.rejects(
    whileThere(table, 'absent', async () => assert.fail('nobody is looked at')),
    { code: 'not-found' },
  );
});
