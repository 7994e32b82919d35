import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseFix } from './try-fix.ts';

const fix = { text: 'Switch it on', commands: ['ip link set dev br0 up'], undo: [] };
const report = { fixes: [fix], summary: 'dropped in host' };

test('a fix is chosen by its number, and is the one that somebody agreed to', () => {
  assert.equal(chooseFix(report, 1), fix);
  assert.equal(chooseFix(report, 1, fix.commands), fix);
  assert.throws(() => chooseFix(report, 2), {
    code: 'invalid-argument',
    message: 'there is no fix 2 for: dropped in host',
  });
  for (const agreed of [['ip link del br0'], []]) {
    const message = 'fix 1 is another one by now: Switch it on; ip link set dev br0 up';
    assert.throws(() => chooseFix(report, 1, agreed), { code: 'conflict', message });
  }
});
