import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turnsOf } from './service-turns.ts';

for (const backends of [1, 2, 3, 7, 64, 1000]) {
  test(`${backends} backends share all numbers evenly`, () => {
    const intervals = turnsOf(backends).map((text) => text.split('-').map(Number));
    let next = 0;
    for (const [first = -1, last = -1] of intervals) {
      assert.equal(first, next);
      const share = last - first + 1;
      assert.ok(Math.abs((share * backends) / 2 ** 32 - 1) < 1 / 128, `${share}`);
      next = last + 1;
    }
    assert.equal(next, 2 ** 32);
  });
}

test('shares end at round numbers, for the kernel takes others apart into many rules', () => {
  assert.deepEqual(turnsOf(1), ['0-4294967295']);
  assert.deepEqual(
    turnsOf(3).map((text) => text.split('-').map((end) => Number(end).toString(16))),
    [
      ['0', '54ffffff'],
      ['55000000', 'aa7fffff'],
      ['aa800000', 'ffffffff'],
    ],
  );
});

test('nobody has no share', () => assert.deepEqual(turnsOf(0), []));
