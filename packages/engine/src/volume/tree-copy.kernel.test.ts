import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listXattrs, makeNode, readXattr, writeXattr } from '@fairlead/kernel';
import { copyTree } from './tree-copy.ts';

const calls = { listXattrs, makeNode, readXattr, writeXattr };

test('a tree is copied with owners, modes, times, links, nodes and attributes, whatever its names are', async () => {
  // Not below /tmp: a file system in memory may have no attributes of users.
  const folder = mkdtempSync('/var/tmp/fairlead-copy-');
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  try {
    for (const path of [from, to, join(from, 'deep'), join(from, 'deep/er')]) mkdirSync(path);
    writeFileSync(join(from, 'deep/er/file'), 'content');
    chownSync(join(from, 'deep/er/file'), 12, 34);
    chmodSync(join(from, 'deep/er/file'), 0o4751);
    // cap_net_bind_service=ep (linux/capability.h, struct vfs_cap_data)
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
    writeXattr(Buffer.from(join(from, 'deep/er/file')), 'security.capability', capability);
    writeXattr(Buffer.from(from), 'trusted.fairlead', Buffer.from('kept'));
    writeXattr(Buffer.from(from), 'trusted.overlay.opaque', Buffer.from('y'));
    utimesSync(join(from, 'deep/er/file'), 1000, 2000);
    linkSync(join(from, 'deep/er/file'), join(from, 'twin'));
    symlinkSync('/nowhere', join(from, 'link'));
    execFileSync('chown', ['-h', '56:78', join(from, 'link')]);
    makeNode(Buffer.from(join(from, 'pipe')), 0o010620, 0, 0);
    makeNode(Buffer.from(join(from, 'null')), 0o020666, 1, 3);
    makeNode(Buffer.from(join(from, 'socket')), 0o140600, 0, 0);
    chmodSync(join(from, 'null'), 0o606);
    const odd = Buffer.concat([Buffer.from(`${from}/odd`), Buffer.of(0xff)]);
    writeFileSync(odd, 'odd');
    chownSync(from, 90, 91);
    chmodSync(from, 0o1770);
    utimesSync(from, 3000, 4000);

    await copyTree(from, to, calls);
    const stat = (path: string) => lstatSync(join(to, path));
    const file = stat('deep/er/file');
    assert.equal(readFileSync(join(to, 'deep/er/file'), 'utf8'), 'content');
    assert.deepEqual([file.uid, file.gid, file.mode & 0o7777, file.mtimeMs], [12, 34, 0o4751, 2_000_000]);
    assert.deepEqual(readXattr(Buffer.from(join(to, 'deep/er/file')), 'security.capability'), capability);
    assert.deepEqual(
      listXattrs(Buffer.from(to)).filter((name) => name.startsWith('trusted.')),
      ['trusted.fairlead'],
    );
    assert.equal(stat('twin').ino, file.ino);
    assert.notEqual(file.ino, lstatSync(join(from, 'twin')).ino);
    assert.deepEqual([readlinkSync(join(to, 'link')), stat('link').uid, stat('link').gid], ['/nowhere', 56, 78]);
    assert.deepEqual(
      [stat('pipe').isFIFO(), stat('pipe').mode & 0o7777],
      [true, lstatSync(join(from, 'pipe')).mode & 0o7777],
    );
    assert.deepEqual([stat('null').rdev, stat('null').mode & 0o7777], [lstatSync('/dev/null').rdev, 0o606]);
    assert.ok(stat('socket').isSocket());
    assert.ok(readdirSync(to, { encoding: 'latin1' }).includes('odd\xff'));
    const root = stat('.');
    assert.deepEqual([root.uid, root.gid, root.mode & 0o7777, root.mtimeMs], [90, 91, 0o1770, 4_000_000]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
