import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { mountFileSystem, mountPoints, unmountFileSystem } from './file-system-mount.ts';

let folder: string;
let target: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-mount-'));
  target = join(folder, 'target');
  mkdirSync(target);
});

afterEach(() => {
  unmountFileSystem(target);
  rmSync(folder, { recursive: true });
});

test('a file system is mounted with its options, found in the table, and taken away again', async () => {
  await mountFileSystem({ source: 'tmpfs', target, type: 'tmpfs', options: 'size=64k,uid=7,noexec' });
  assert.equal(statSync(target).uid, 7);
  assert.match(execFileSync('findmnt', ['-no', 'OPTIONS', target], { encoding: 'utf8' }), /noexec.*size=64k/);
  assert.ok(mountPoints().includes(target));
  unmountFileSystem(target);
  assert.ok(!mountPoints().includes(target));
  unmountFileSystem(target);
});

test('a bind can be read-only', async () => {
  const source = join(folder, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'file'), 'here');
  await mountFileSystem({ source, target, type: 'none', options: 'bind,ro' });
  assert.ok(existsSync(join(target, 'file')));
  assert.throws(() => writeFileSync(join(target, 'other'), ''), { code: 'EROFS' });
});

test('what cannot be mounted is refused in the words that clients know', async () => {
  const cases = [
    [
      { source: '/nosuch', target, type: 'none', options: 'bind' },
      `mount /nosuch:${target}, flags: 0x1000: no such file or directory`,
    ],
    [{ source: 'x', target, type: 'nosuchfs', options: 'bad' }, `mount x:${target}, data: bad: no such device`],
  ] as const;
  for (const [mount, message] of cases) await assert.rejects(mountFileSystem(mount), { message });
  assert.ok(!mountPoints().includes(target));
});
