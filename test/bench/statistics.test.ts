import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile, summarize } from './statistics.ts';

test('the median of an even number of samples lies between the two in the middle', () => {
  assert.equal(summarize([4, 1, 3, 2]).median, 2.5);
  assert.equal(summarize([9, 1, 5]).median, 5);
});

test('few samples spread from the smallest to the largest, many from the tenth to the ninetieth percentile', () => {
  assert.deepEqual(summarize([3, 1, 2]), { count: 3, median: 2, low: 1, high: 3 });
  const hundred = Array.from({ length: 101 }, (_, index) => 100 - index);
  assert.deepEqual(summarize(hundred), { count: 101, median: 50, low: 10, high: 90 });
});

test('one slow sample moves the median of many by little', () => {
  assert.equal(summarize([1, 1, 1, 1, 5000]).median, 1);
});

test('a quantile between two samples is in proportion', () => {
  assert.equal(quantile([10, 20], 0.25), 12.5);
  assert.equal(quantile([7], 0.99), 7);
});

test('no samples are no measurement', () => {
  assert.throws(() => summarize([]), RangeError);
});
