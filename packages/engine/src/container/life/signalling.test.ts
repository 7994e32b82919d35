import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import { unpauseFault } from './signalling.ts';

const error = new FairleadError('internal', 'cannot resume');

for (const [state, code, message] of [
  ['paused', 'internal', 'Cannot unpause container web: cannot resume'],
  ['pausing', 'internal', 'Cannot unpause container web: cannot resume'],
  ['running', 'internal', 'Container web is not paused'],
  ['stopped', 'conflict', 'container web is not running'],
  [undefined, 'conflict', 'container web is not running'],
] as const) {
  test(`what cannot go on and is ${state} for the runtime: ${message}`, () => {
    const fault = unpauseFault('web', state, error);
    assert.ok(fault instanceof FairleadError);
    assert.deepEqual([fault.code, fault.message], [code, message]);
  });
}
