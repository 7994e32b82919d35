import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { namePrefix } from '../packages/lab/src/sweep.ts';
import { abandonedGroups, leftovers } from './machine-state.ts';

/** Larger than any process id can be (proc(5), pid_max). */
const nobody = 4_194_305;

test('control groups that nobody owns any more are left over; those of living owners and of strangers are not', () => {
  const root = mkdtempSync(join(tmpdir(), 'fl-groups-'));
  try {
    const [living, dead] = [`${namePrefix}a`, `${namePrefix}a`.replace(`-${process.pid}-`, `-${nobody}-`)];
    const tests = [`fl-runtime-test-${process.pid}`, `fl-runtime-test-${nobody}`];
    for (const name of [living, dead, ...tests, 'fairlead', 'docker']) {
      mkdirSync(join(root, 'pids', name, 'container'), { recursive: true });
    }
    const before = new Set<string>();
    const expected = [`fl-runtime-test-${nobody}`, dead].map((name) => `control group ${join(root, 'pids', name)}`);
    assert.deepEqual(leftovers(before, new Set(abandonedGroups(root))), expected);
    assert.deepEqual(leftovers(new Set(expected), new Set(abandonedGroups(root))), [], 'they were there before');
  } finally {
    rmSync(root, { recursive: true });
  }
});
