import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestGathering, OutputPace } from './output-pace.ts';

const capacity = 1 << 18;
/** How it is waited after each of some pieces, of so many bytes, taken at so many milliseconds and worked on for so many. */
const waits = (...pieces: readonly (readonly [count: number, taken: number, work?: number])[]) => {
  const pace = new OutputPace(capacity);
  return pieces.map(([count, taken, work = 0]) => pace.taken(count, taken, taken + work));
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
  const most = longestGathering;
  assert.deepEqual(waits(...pieces), ['readable', most, 2, most, 'readable', 'readable']);
});

test('the next piece is waited for until it is full at the same speed, less what the work on the last one took', () => {
  const [begin, second] = [
    [4096, 0],
    [4096, 0.5],
  ] as const;
  const after = (count: number, work: number) => waits(begin, second, [count, 1.5, work])[2];
  assert.equal(after(capacity / 3, 0), 3);
  assert.equal(after(capacity / 3, 1.5), 1);
  assert.equal(after(capacity / 3, 2.5), 'turn', 'others come first, however long it took');
  assert.equal(after(capacity / 100, 0), 'readable');
  assert.equal(after(capacity / 30, 0), longestGathering, 'nobody waits for long');
});

test('what fills a piece is followed by the next as soon as others had their turn', () => {
  assert.deepEqual(waits([4096, 0], [capacity, 0.5], [capacity, 4.5]), ['readable', 'turn', 'turn']);
});

test('who stops is heard at once when he goes on', () => {
  const pace = new OutputPace(capacity);
  pace.taken(4096, 0, 0);
  assert.equal(pace.taken(4096, 0.1, 0.1), longestGathering);
  assert.equal(pace.empty(), 'readable');
  assert.equal(pace.taken(8192, 50, 50), 'readable');
});
