import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationText, parseBytes, parseDuration, sizeText } from './quantity.ts';

const hour = 3600;
const spans: readonly [seconds: number, text: string][] = [
  [0.4, 'Less than a second'],
  [1.5, '1 second'],
  [59, '59 seconds'],
  [60, 'About a minute'],
  [150, '2 minutes'],
  [hour, 'About an hour'],
  [47 * hour, '47 hours'],
  [48 * hour, '2 days'],
  [15 * 24 * hour, '2 weeks'],
  [70 * 24 * hour, '2 months'],
  [800 * 24 * hour, '2 years'],
];

for (const [seconds, text] of spans) {
  test(`${seconds} seconds are ${text}`, () => assert.equal(durationText(seconds), text));
}

test('sizes have three digits and decimal units', () => {
  assert.deepEqual([0, 999, 4_261_550, 1_234_000_000].map(sizeText), ['0B', '999B', '4.26MB', '1.23GB']);
});

test('amounts of memory are binary and may be fractions', () => {
  assert.deepEqual(['1024', '64m', '1.5g', '2KiB', '7b'].map(parseBytes), [1024, 67108864, 1610612736, 2048, 7]);
  assert.deepEqual(['', 'm', '-1', '1x'].map(parseBytes), [undefined, undefined, undefined, undefined]);
});

test('durations are Go’s, or seconds', () => {
  assert.deepEqual(['90', '1h30m', '1.5s', '250ms'].map(parseDuration), [90, 5400, 1.5, 0.25]);
  assert.equal(parseDuration('soon'), undefined);
});
