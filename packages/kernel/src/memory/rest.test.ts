import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isAtRest, residentIn, spareOf } from './rest.ts';

const mebibyte = 1024 * 1024;
const kept = { own: 30 * mebibyte, files: 10 * mebibyte };
const before = { time: 10_000, processor: 500, ...kept };

/** Two seconds later. */
function later(processor: number, own = 0, files = 0) {
  return {
    time: before.time + 2000,
    processor: before.processor + processor,
    own: kept.own + own * mebibyte,
    files: kept.files + files * mebibyte,
  };
}

test('a process is at rest when it has taken less than a fiftieth of a processor since the last look', () => {
  assert.equal(isAtRest(later(39), before), true);
  assert.equal(isAtRest(later(40), before), false);
  assert.equal(isAtRest({ ...later(39), time: before.time + 1900 }, before), false);
});

const spared: readonly [what: string, own: number, files: number, garbage: boolean, program: boolean][] = [
  ['both have grown', 2, 4, true, true],
  ['only what it wrote has', 2, 3.9, true, false],
  ['only the program has', 1.9, 4, false, true],
  ['what it keeps is needed for good', 0, 0, false, false],
  ['it has become smaller', -5, -5, false, false],
];
for (const [what, own, files, garbage, program] of spared) {
  test(`what is worth handing back: ${what}`, () => {
    assert.deepEqual(spareOf(later(0, own, files), kept), { garbage, program });
  });
}

test('what is worth handing back: the first time, all that it has counts', () => {
  assert.deepEqual(spareOf(kept, { own: 0, files: 0 }), { garbage: true, program: true });
});

test('memory is read as the kernel says it', () => {
  const status = 'Name:\tnode\nVmRSS:\t  100 kB\nRssAnon:\t      40 kB\nRssFile:\t   60 kB\nRssShmem:\t  0 kB\n';
  assert.deepEqual(residentIn(status), { own: 40 * 1024, files: 60 * 1024 });
  const { own, files } = residentIn(readFileSync('/proc/self/status', 'utf8'));
  assert.ok(own > mebibyte && files > mebibyte, `${own} ${files}`);
});
