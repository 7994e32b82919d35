import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { defaultBridgeName, runsHere } from './default-bridge-name.ts';

const table: readonly (readonly [known: string | undefined, hasDockerd: boolean, name: string])[] = [
  [undefined, false, 'docker0'],
  [undefined, true, 'fairlead0'],
  ['docker0', true, 'docker0'],
  ['fairlead0', false, 'fairlead0'],
  ['br-of-a-flag', true, 'fairlead0'],
  ['br-of-a-flag', false, 'docker0'],
];

for (const [known, hasDockerd, name] of table) {
  test(`the default bridge that was ${known} is ${name} ${hasDockerd ? 'beside' : 'without'} dockerd`, () => {
    assert.equal(
      defaultBridgeName(known, () => hasDockerd),
      name,
    );
  });
}

test('a program is found by its name while it runs', async () => {
  const child = spawn('sleep', ['100']);
  await once(child, 'spawn');
  assert.ok(runsHere('sleep'));
  child.kill();
  assert.ok(!runsHere('no-such-program'));
});
