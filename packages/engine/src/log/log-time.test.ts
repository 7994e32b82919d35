import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLogTime, fullLogTime, LogClock } from './log-time.ts';

for (const [time, text] of [
  [0n, '1970-01-01T00:00:00.000000000Z'],
  [1_700_000_000_000_000_001n, '2023-11-14T22:13:20.000000001Z'],
  [1_700_000_000_999_999_999n, '2023-11-14T22:13:20.999999999Z'],
] as const) {
  test(`${time} ns is ${text}`, () => assert.equal(formatLogTime(time), text));
}

for (const [text, full] of [
  ['2023-11-14T22:13:20Z', '2023-11-14T22:13:20.000000000Z'],
  ['2023-11-14T22:13:20.5Z', '2023-11-14T22:13:20.500000000Z'],
  ['2023-11-14T22:13:20.000000001Z', '2023-11-14T22:13:20.000000001Z'],
] as const) {
  test(`${text} of another program has nine digits here`, () => assert.equal(fullLogTime(text), full));
}

test('the clock does not go back and stays with the wall clock', () => {
  const clock = new LogClock();
  let last = 0n;
  for (let count = 0; count < 10_000; count++) {
    const before = BigInt(Date.now()) * 1_000_000n;
    const now = clock.now();
    assert.ok(now >= last);
    assert.ok(now - before > -2_000_000n && now - before < 50_000_000n, `${now - before} ns off`);
    last = now;
  }
});
