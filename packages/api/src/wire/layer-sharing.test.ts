import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedSizes } from './layer-sharing.ts';

test('layers that images have in common are told of each of them', () => {
  const sizes = sharedSizes([
    { id: 'base', layers: ['a'], layerSizes: [100] },
    { id: 'one', layers: ['a', 'b', 'd'], layerSizes: [100, 10, 3] },
    { id: 'two', layers: ['a', 'b'], layerSizes: [100, 10] },
    { id: 'alone', layers: ['e'], layerSizes: [7] },
  ]);
  assert.deepEqual(Object.fromEntries(sizes), { base: 100, one: 110, two: 110, alone: 0 });
});

test('the same files on other layers are another layer', () => {
  const sizes = sharedSizes([
    { id: 'one', layers: ['a', 'b'], layerSizes: [100, 10] },
    { id: 'two', layers: ['c', 'b'], layerSizes: [1, 10] },
  ]);
  assert.deepEqual([...sizes.values()], [0, 0]);
});
