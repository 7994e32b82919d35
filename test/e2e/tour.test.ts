import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';

test('docs/tour.md shows what its commands print', () => {
  const command = [resolve(import.meta.dirname, '../../fairlead'), 'tool', 'tour', '--check'] as const;
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8', timeout: 110_000 });
  assert.equal(status, 0, stdout + stderr);
});
