import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseRuntime } from './runtime-choice.ts';

const cases: readonly [boolean, string | undefined, 'runc' | 'crun'][] = [
  [true, 'crun version 1.28', 'crun'],
  [true, 'crun version 1.9', 'crun'],
  [true, 'crun version 2.0', 'crun'],
  [true, 'crun version 1.8.1', 'runc'],
  [true, 'crun version 0.17', 'runc'],
  [true, 'unreadable', 'runc'],
  [true, undefined, 'runc'],
  [false, 'crun version 1.28', 'runc'],
];

for (const [unifiedCgroup, crunVersion, expected] of cases) {
  test(`${expected} is chosen with ${crunVersion ?? 'no crun'} on ${unifiedCgroup ? 'cgroup 2' : 'cgroup 1'}`, () => {
    assert.equal(chooseRuntime({ unifiedCgroup, crunVersion }), expected);
  });
}
