import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputPace } from './output-pace.ts';

const capacity = 1 << 18;
/** How it is waited after each of some pieces, of so many bytes at so many milliseconds. */
const waits = (...pieces: readonly (readonly [count: number, now: number])[]) => {
  const pace = new OutputPace(capacity);
  return pieces.map(([count, now]) => pace.taken(count, now));
};

test('lines and pieces with time between them are taken as they come', () => {
  assert.deepEqual(waits([100, 0], [100, 0.1], [100, 0.2]), ['readable', 'readable', 'readable']);
  assert.deepEqual(waits([65_536, 0], [65_536, 1], [65_536, 3]), ['readable', 'readable', 'readable']);
});

test('pages that come one upon the other are gathered as long as there are many', () => {
  const pieces = [
    [4096, 0],
    [4096, 0.1],
    [100_000, 1.2],
    [8192, 2.3],
    [8191, 3.4],
    [4096, 5],
  ] as const;
  assert.deepEqual(waits(...pieces), ['readable', 'moment', 'moment', 'moment', 'readable', 'readable']);
});

test('what fills half of a piece is taken as soon as others had their turn', () => {
  assert.deepEqual(waits([4096, 0], [capacity / 2, 0.5], [capacity, 1]), ['readable', 'turn', 'turn']);
});

test('who stops is heard at once when he goes on', () => {
  const pace = new OutputPace(capacity);
  pace.taken(4096, 0);
  assert.equal(pace.taken(4096, 0.1), 'moment');
  assert.equal(pace.empty(), 'readable');
  assert.equal(pace.taken(8192, 50), 'readable');
});
