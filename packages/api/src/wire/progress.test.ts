import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presentProgress } from './progress.ts';

const bar = (done: number) => `[${'='.repeat(done)}>${' '.repeat(50 - done)}]`;
const bars: readonly (readonly [current: number, total: number, text: string])[] = [
  [0, 2_100_000, `${bar(0)}       0B/2.1MB`],
  [1_050_000, 2_100_000, `${bar(25)}   1.05MB/2.1MB`],
  [2_207_176, 2_207_176, `${bar(50)}  2.207MB/2.207MB`],
  [512, 0, '    512B'],
];

for (const [current, total, text] of bars) {
  test(`${current} of ${total} bytes are drawn as docker draws them`, () => {
    assert.equal(presentProgress({ status: 'Downloading', current, total })['progress'], text);
  });
}
