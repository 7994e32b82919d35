import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyTree } from './tree-copy.ts';

const makePipe = (path: string, mode: number) => void execFileSync('mkfifo', ['-m', mode.toString(8), path]);

test('a tree is copied with owners, modes, times, links and pipes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-copy-'));
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  try {
    for (const path of [from, to, join(from, 'deep'), join(from, 'deep/er')]) mkdirSync(path);
    writeFileSync(join(from, 'deep/er/file'), 'content');
    chownSync(join(from, 'deep/er/file'), 12, 34);
    chmodSync(join(from, 'deep/er/file'), 0o4751);
    utimesSync(join(from, 'deep/er/file'), 1000, 2000);
    linkSync(join(from, 'deep/er/file'), join(from, 'twin'));
    symlinkSync('/nowhere', join(from, 'link'));
    execFileSync('chown', ['-h', '56:78', join(from, 'link')]);
    makePipe(join(from, 'pipe'), 0o620);
    chownSync(from, 90, 91);
    chmodSync(from, 0o1770);
    utimesSync(from, 3000, 4000);

    await copyTree(from, to, makePipe);
    const stat = (path: string) => lstatSync(join(to, path));
    const file = stat('deep/er/file');
    assert.equal(readFileSync(join(to, 'deep/er/file'), 'utf8'), 'content');
    assert.deepEqual([file.uid, file.gid, file.mode & 0o7777, file.mtimeMs], [12, 34, 0o4751, 2_000_000]);
    assert.equal(stat('twin').ino, file.ino);
    assert.notEqual(file.ino, lstatSync(join(from, 'twin')).ino);
    assert.deepEqual([readlinkSync(join(to, 'link')), stat('link').uid, stat('link').gid], ['/nowhere', 56, 78]);
    assert.deepEqual([stat('pipe').isFIFO(), stat('pipe').mode & 0o7777], [true, 0o620]);
    const root = stat('.');
    assert.deepEqual([root.uid, root.gid, root.mode & 0o7777, root.mtimeMs], [90, 91, 0o1770, 4_000_000]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
