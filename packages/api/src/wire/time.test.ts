import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanDuration, parseTimestamp, timeText, zeroTime } from './time.ts';

test('times are RFC 3339 without trailing zeros', () => {
  assert.equal(timeText(undefined), zeroTime);
  assert.equal(timeText(0), '1970-01-01T00:00:00Z');
  assert.equal(timeText(1_700_000_000_120), '2023-11-14T22:13:20.12Z');
});

test('timestamps of clients become nanoseconds', () => {
  for (const [text, expected] of [
    [undefined, undefined],
    ['', undefined],
    ['0', undefined],
    ['1700000000', 1_700_000_000_000_000_000n],
    ['1700000000.000000001', 1_700_000_000_000_000_001n],
    ['1700000000.5', 1_700_000_000_500_000_000n],
    ['2023-11-14T22:13:20.123456789Z', 1_700_000_000_123_456_789n],
    ['+5', 5_000_000_000n],
    ['10m', 1_699_999_400_000_000_000n],
    ['-10m', 1_700_000_600_000_000_000n],
  ] as const) {
    assert.equal(parseTimestamp(text, 1_700_000_000_000), expected);
  }
  assert.throws(() => parseTimestamp('yesterday'), { code: 'invalid-argument' });
});

test('durations read as in docker ps', () => {
  const second = 1000;
  const hour = 3_600_000;
  for (const [milliseconds, text] of [
    [10, 'Less than a second'],
    [second, '1 second'],
    [59 * second, '59 seconds'],
    [60 * second, 'About a minute'],
    [45 * 60 * second, '45 minutes'],
    [hour, 'About an hour'],
    [47 * hour, '47 hours'],
    [72 * hour, '3 days'],
    [15 * 24 * hour, '2 weeks'],
    [61 * 24 * hour, '2 months'],
    [800 * 24 * hour, '2 years'],
  ] as const) {
    assert.equal(humanDuration(milliseconds), text);
  }
});
