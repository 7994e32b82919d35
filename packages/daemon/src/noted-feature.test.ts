import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '@fairlead/store';
import { currentBoot, type NotedFeature, supports } from './noted-feature.ts';

test('what the kernel can do is asked once for each of its runs, what it cannot do each time', () => {
  using store = Store.open(':memory:');
  const noted = store.collection<NotedFeature>('kernel-feature');
  const asked: string[] = [];
  let answer = true;
  const kernel = { supports: (feature: string) => asked.push(feature) > 0 && answer };
  const ask = (boot: string) => supports('protected tables', { kernel, noted, boot });

  assert.deepEqual([ask('first'), ask('first')], [true, true]);
  assert.equal(asked.length, 1);
  answer = false;
  assert.equal(ask('second'), false);
  assert.equal(ask('second'), false);
  assert.equal(asked.length, 3);
  answer = true;
  assert.equal(ask('second'), true);
  assert.equal(ask('second'), true);
  assert.equal(asked.length, 4);
});

test('one run of the kernel has one name', () => {
  assert.match(currentBoot(), /^[0-9a-f-]{36}$/);
  assert.equal(currentBoot(), currentBoot());
});
