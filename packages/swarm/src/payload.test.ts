import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PayloadSpec } from './model.ts';
import { requireValidPayload } from './payload.ts';
import { emptyRequest, rig } from './testing/swarm-rig.ts';

const data = btoa('content');
const prefix = 'rpc error: code = InvalidArgument desc = ';
const badName =
  'invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]';

const refused: readonly (readonly [kind: 'secret' | 'config', spec: Partial<PayloadSpec>, words: string])[] = [
  ['secret', { data }, 'name must be provided'],
  ['secret', { name: '-a', data }, badName],
  ['config', { name: 'a'.repeat(65), data }, badName],
  ['secret', { name: 'a' }, 'secret data must be larger than 0 and less than 512000 bytes'],
  [
    'secret',
    { name: 'a', data: btoa('x'.repeat(512_000)) },
    'secret data must be larger than 0 and less than 512000 bytes',
  ],
  ['config', { name: 'a' }, 'config data must be larger than 0 and less than 1024000 bytes'],
  ['secret', { name: 'a', driver: {} }, 'secret driver must have a name'],
];

for (const [kind, spec, words] of refused) {
  test(`a ${kind} is refused in swarmkit’s words: ${words.slice(0, 40)}`, () => {
    assert.throws(() => requireValidPayload(kind, { name: '', labels: {}, ...spec }), { message: `${prefix}${words}` });
  });
}

test('a secret has a name of its own, and only its labels change', async () => {
  const { swarm, events } = rig();
  await swarm.init(emptyRequest);
  const { secrets } = swarm.manager();
  const id = secrets.create({ name: 'pw', labels: {}, data });
  assert.throws(() => secrets.create({ name: 'pw', labels: {}, data }), {
    code: 'conflict',
    message: 'rpc error: code = AlreadyExists desc = secret pw already exists',
  });
  assert.equal('data' in secrets.inspect('pw').spec, false);
  const { version } = secrets.inspect(id);
  assert.throws(
    () => secrets.update(id, version, { name: 'pw', labels: {}, data: btoa('other') }),
    /only updates to Labels/,
  );
  assert.throws(() => secrets.update(id, version + 1, { name: 'pw', labels: {} }), /update out of sequence/);
  secrets.update('pw', version, { name: 'pw', labels: { a: 'b' } });
  assert.deepEqual(secrets.inspect(id.slice(0, 6)).spec.labels, { a: 'b' });
  secrets.remove('pw');
  assert.throws(() => secrets.inspect(id), { code: 'not-found', message: `secret ${id} not found` });
  assert.deepEqual(
    events.filter(({ type }) => type === 'secret').map(({ action, attributes }) => [action, attributes]),
    ['create', 'update', 'remove'].map((action) => [action, { name: 'pw' }]),
  );
});
