import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveFake } from '../testing/serve-fake.ts';

const record = {
  ...{ id: 'a1', parents: ['p1', 'p2'], type: 'regular', description: 'RUN true' },
  ...{ isUsed: false, isShared: true, size: 7, created: 1_000, uses: 2 },
};

test('what BuildKit keeps is part of what is used of the disk', async () => {
  await using fake = await serveFake();
  fake.engine.buildCache.push(record, { ...record, id: 'a2', parents: [], lastUsed: 2_500 });
  const known = { Type: 'regular', Description: 'RUN true', InUse: false, Shared: true, Size: 7, UsageCount: 2 };
  const created = { CreatedAt: '1970-01-01T00:00:01Z' };
  const { BuildCache } = await fake.client.json<{ BuildCache: unknown[] }>('GET', '/system/df');
  assert.deepEqual(BuildCache, [
    { ID: 'a1', Parents: ['p1', 'p2'], ...known, ...created, LastUsedAt: null },
    { ID: 'a2', Parents: [], ...known, ...created, LastUsedAt: '1970-01-01T00:00:02.5Z' },
  ]);
  const old = await fake.client.json<{ BuildCache: { Parent: string }[] }>('GET', '/v1.41/system/df');
  assert.deepEqual(
    old.BuildCache.map(({ Parent }) => Parent),
    ['p1', ''],
  );
});

test('a prune of it says what is to go, and hears what has gone', async () => {
  await using fake = await serveFake();
  fake.engine.buildCache.push(record);
  const filters = JSON.stringify({ id: ['a1'], type: ['regular'], 'unused-for': ['24h'] });
  const query = { all: 1, filters, 'keep-storage': 5, 'max-used-space': 6, 'min-free-space': 7 };
  const gone = await fake.client.json('POST', '/build/prune', { query });
  assert.deepEqual(gone, { CachesDeleted: ['a1'], SpaceReclaimed: 7 });
  const { unusedFor = 0, ...asked } = fake.engine.lastCachePrune ?? {};
  assert.deepEqual(asked, { all: true, reserved: 5, most: 6, free: 7, filter: 'id~=a1,type==regular' });
  assert.equal(Math.round(unusedFor / 1000), 24 * 3600);
  assert.deepEqual(await fake.client.json('POST', '/build/prune'), { CachesDeleted: null, SpaceReclaimed: 0 });
});

test('a prune of it that cannot be is refused in the words of Docker', async () => {
  await using fake = await serveFake();
  for (const [query, message] of [
    [{ 'keep-storage': '1GB' }, 'keep-storage is in bytes and expects an integer, got 1GB'],
    [{ filters: '{"until":["1h"],"unused-for":["1h"]}' }, 'conflicting filters: "until" and "unused-for"'],
    [{ filters: '{"until":["1h","2h"]}' }, 'filters expect only one value'],
    [{ filters: '{"type":["a","b"]}' }, 'filters expect only one value'],
    [{ filters: '{"color":["red"]}' }, "invalid filter 'color'"],
  ] as const) {
    await assert.rejects(fake.client.json('POST', '/build/prune', { query }), { code: 'invalid-argument', message });
  }
  assert.equal(fake.engine.lastCachePrune, undefined);
});
