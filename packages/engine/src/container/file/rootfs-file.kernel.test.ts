import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRootfsFile } from './rootfs-file.ts';

test('what a layer took away is gone, although a lower one has it', () => {
  const root = mkdtempSync(join(tmpdir(), 'fairlead-whiteout-'));
  try {
    const [above, below] = [join(root, 'above'), join(root, 'below')];
    for (const directory of [join(above, 'etc'), join(below, 'etc'), join(below, 'srv')]) {
      mkdirSync(directory, { recursive: true });
    }
    for (const path of ['etc/passwd', 'srv/file', 'etc/group']) writeFileSync(join(below, path), 'below');
    for (const path of ['etc/passwd', 'srv']) execFileSync('mknod', [join(above, path), 'c', '0', '0']);
    const mounts = [{ type: 'overlay', source: 'overlay', options: [`upperdir=${above}`, `lowerdir=${below}`] }];
    const read = (path: string) => readRootfsFile(mounts, path);
    assert.deepEqual([read('/etc/passwd'), read('/srv/file'), read('/etc/group')], ['', '', 'below']);
  } finally {
    rmSync(root, { recursive: true });
  }
});
