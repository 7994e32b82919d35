import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ATTENTION, RuleHours } from './rule-hours.ts';

/** So many milliseconds, as moments are counted. */
function at(milliseconds: number): bigint {
  return BigInt(milliseconds) * 1_000_000n;
}

test('rules are let alone some time after the last sight of a probe', () => {
  const hours = new RuleHours(100);
  hours.stir(at(1000));
  assert.equal(hours.left(at(1000)), 100);
  hours.stir(at(1060));
  assert.equal(hours.left(at(1100)), 60);
  assert.ok(hours.left(at(1160)) <= 0);
});

test('what is seen after all ends the gap, and the next one begins as late again', () => {
  const hours = new RuleHours(100);
  hours.stir(at(0));
  hours.pause(at(100));
  assert.equal(hours.areWatched, false);
  assert.deepEqual(hours.gaps, [{ from: at(99) }], 'a sight may be told later than it was');
  hours.stir(at(500));
  hours.resume(at(501));
  assert.equal(hours.areWatched, true);
  assert.equal(hours.left(at(501)), 99);
  hours.pause(at(600));
  assert.deepEqual(hours.gaps, [{ from: at(99), until: at(501) }, { from: at(599) }]);
});

test('what is said twice counts once', () => {
  const hours = new RuleHours();
  hours.resume(at(1));
  assert.deepEqual(hours.gaps, []);
  hours.pause(at(2));
  hours.pause(at(3));
  assert.deepEqual(hours.gaps, [{ from: at(1) }]);
});

test('rules may be watched for as long as a trace takes, and are for longer than an answer from afar takes', () => {
  const always = new RuleHours(Number.POSITIVE_INFINITY);
  always.stir(at(0));
  assert.equal(always.left(at(1e6)), Number.POSITIVE_INFINITY);
  const usual = new RuleHours();
  usual.stir(at(0));
  assert.equal(usual.left(at(0)), ATTENTION);
  assert.ok(ATTENTION >= 200, 'milliseconds to the other side of the earth and back');
});
