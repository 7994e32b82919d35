import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { defaultBridgeName, flagIn, isOfDockerd, runningHere } from './default-bridge-name.ts';

const table: readonly (readonly [known: string | undefined, hasDockerd: boolean, name: string])[] = [
  [undefined, false, 'docker0'],
  [undefined, true, 'fairlead0'],
  ['docker0', true, 'fairlead0'],
  ['docker0', false, 'docker0'],
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
  assert.ok(runningHere('sleep').includes(String(child.pid)));
  child.kill();
  assert.deepEqual(runningHere('no-such-program'), []);
});

test('which bridge dockerd has for its own is read from its flags as it reads them', () => {
  const read = (line: string) => flagIn(line.split(' '), '--bridge', '-b');
  assert.equal(read('-H fd:// --bip 10.0.0.1/24'), undefined);
  assert.equal(read('--bridge none -H fd://'), 'none');
  assert.equal(read('-b br0 --bridge=br1'), 'br1');
  assert.equal(isOfDockerd('br-of-somebody'), false);
});
