import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Box } from './layout.ts';
import { type Direction, isDirection, neighbourOf } from './neighbours.ts';

/** a b c above d e, f far below. */
const at = (x: number, y: number): Box => ({ x, y, width: 80, height: 20 });
const boxes = new Map([
  ['a', at(0, 0)],
  ['b', at(90, 0)],
  ['c', at(180, 0)],
  ['d', at(0, 30)],
  ['e', at(90, 30)],
  ['f', at(90, 200)],
]);

const steps: [from: string, key: Direction, to: string | undefined][] = [
  ['a', 'ArrowRight', 'b'],
  ['c', 'ArrowLeft', 'b'],
  ['b', 'ArrowDown', 'e'],
  ['e', 'ArrowUp', 'b'],
  ['c', 'ArrowDown', 'e'],
  ['e', 'ArrowDown', 'f'],
  ['a', 'ArrowLeft', undefined],
  ['nobody', 'ArrowLeft', undefined],
];
for (const [from, key, to] of steps) {
  test(`${key} from ${from} leads to ${to ?? 'nowhere'}`, () => assert.equal(neighbourOf(from, key, boxes), to));
}

test('only arrows are directions', () => {
  assert.equal(isDirection('ArrowUp'), true);
  assert.equal(isDirection('Enter'), false);
});
