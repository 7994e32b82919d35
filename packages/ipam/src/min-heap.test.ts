import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { MinHeap } from './min-heap.ts';

it('a heap gives its values back in rising order', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 50n })), (values) => {
      const heap = new MinHeap();
      for (const value of values) heap.push(value);
      const popped = values.map(() => heap.pop());
      assert.deepEqual(
        popped,
        values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
      );
      assert.equal(heap.pop(), undefined);
    }),
  );
});
