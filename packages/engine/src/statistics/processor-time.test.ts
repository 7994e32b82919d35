import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProcessorTime } from './processor-time.ts';

const text = `cpu  100 20 30 4000 5 6 7 800 9000 10000
cpu0 50 10 15 2000 3 3 4 400 4500 5000
cpu1 50 10 15 2000 2 3 3 400 4500 5000
intr 12345 0 0
ctxt 99
`;

test('the first seven kinds of time count, in nanoseconds, over all processors', () => {
  assert.deepEqual(parseProcessorTime(text), { nanoseconds: 4168 * 10_000_000, online: 2 });
});
