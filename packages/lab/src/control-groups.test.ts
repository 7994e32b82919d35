import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeControlGroups, topControlGroups } from './control-groups.ts';

test('the groups of a host go from every hierarchy with all below them, and those of others stay', () => {
  const root = mkdtempSync(join(tmpdir(), 'fl-groups-'));
  try {
    for (const path of ['mine', 'memory/mine/container/child', 'pids/mine', 'pids/other/mine']) {
      mkdirSync(join(root, path), { recursive: true });
    }
    removeControlGroups('mine', root);
    assert.deepEqual(
      topControlGroups(root).sort(),
      ['memory', 'pids', 'pids/other'].map((path) => join(root, path)),
    );
    assert.deepEqual(topControlGroups(join(root, 'pids')).sort(), [
      join(root, 'pids/other'),
      join(root, 'pids/other/mine'),
    ]);
    assert.deepEqual(topControlGroups(join(root, 'absent')), []);
  } finally {
    rmSync(root, { recursive: true });
  }
});
