import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeCgroup, removeEmptyCgroupParents } from './cgroup-parent.ts';

test('empty parents go from every hierarchy, used ones and those of others stay', () => {
  const root = mkdtempSync(join(tmpdir(), 'fl-cgroup-'));
  try {
    for (const path of ['fairlead', 'memory/fairlead', 'pids/fairlead/container', 'pids/docker']) {
      mkdirSync(join(root, path), { recursive: true });
    }
    removeEmptyCgroupParents(root);
    assert.ok(!existsSync(join(root, 'fairlead')) && !existsSync(join(root, 'memory/fairlead')));
    assert.ok(existsSync(join(root, 'pids/fairlead/container')) && existsSync(join(root, 'pids/docker')));
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('the group of one container goes from every hierarchy, those of others stay', async () => {
  const root = mkdtempSync(join(tmpdir(), 'fl-cgroup-'));
  try {
    for (const path of ['memory/own/one', 'pids/own/one', 'pids/own/two', 'cpu/own/two/child']) {
      mkdirSync(join(root, path), { recursive: true });
    }
    assert.equal(await removeCgroup({ containerId: 'one', parent: '/own' }, root), true);
    assert.ok(!existsSync(join(root, 'memory/own/one')) && !existsSync(join(root, 'pids/own/one')));
    assert.ok(existsSync(join(root, 'pids/own/two')) && existsSync(join(root, 'cpu/own/two/child')));
    assert.equal(await removeCgroup({ containerId: 'none', parent: '/own' }, root), true);
  } finally {
    rmSync(root, { recursive: true });
  }
});
