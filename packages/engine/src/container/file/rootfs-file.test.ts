import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { readRootfsFile } from './rootfs-file.ts';

const root = mkdtempSync(join(tmpdir(), 'fairlead-rootfs-'));
after(() => rmSync(root, { recursive: true }));

/** A layer with these files. */
function layer(name: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

const overlay = (upper: string, ...lower: string[]) => {
  const options = ['index=off', `workdir=${upper}-work`, `upperdir=${upper}`, `lowerdir=${lower.join(':')}`];
  return [{ type: 'overlay', source: 'overlay', options }];
};
const passwd = '/etc/passwd';

test('the uppermost layer that has the file gives it', () => {
  const low = layer('low', { 'etc/passwd': 'low', 'etc/group': 'group' });
  const middle = layer('middle', { 'etc/passwd': 'middle' });
  const upper = layer('upper');
  assert.equal(readRootfsFile(overlay(upper, middle, low), passwd), 'middle');
  assert.equal(readRootfsFile(overlay(upper, middle, low), '/etc/group'), 'group');
  assert.equal(readRootfsFile(overlay(upper, middle, low), '/etc/shadow'), '');
  writeFileSync(join(layer('upper/etc'), 'passwd'), 'upper');
  assert.equal(readRootfsFile(overlay(upper, middle, low), passwd), 'upper');
});

test('a single layer can be a bind mount, and several lower ones a mount without an upper', () => {
  const single = layer('single', { 'etc/passwd': 'single' });
  assert.equal(readRootfsFile([{ type: 'bind', source: single, options: ['rw'] }], passwd), 'single');
  assert.equal(readRootfsFile([{ type: 'overlay', source: '', options: [`lowerdir=${single}`] }], passwd), 'single');
  assert.equal(readRootfsFile([], passwd), '');
});

test('links lead nowhere: not out of the layer, not to a file, not as a directory on the way', () => {
  const secret = layer('secret', { passwd: 'of the host' });
  const linked = layer('linked', { 'etc/keep': '' });
  symlinkSync(join(secret, 'passwd'), join(linked, 'etc/passwd'));
  assert.equal(readRootfsFile([{ type: 'bind', source: linked, options: [] }], passwd), '');
  const astray = layer('astray');
  for (const target of [secret, '../secret']) {
    rmSync(join(astray, 'etc'), { force: true });
    symlinkSync(target, join(astray, 'etc'));
    assert.equal(readRootfsFile([{ type: 'bind', source: astray, options: [] }], passwd), '');
  }
});

test('nothing but a file of a sensible size is read: a pipe would never end', () => {
  const odd = layer('odd', { 'etc/keep': '' });
  execFileSync('mkfifo', [join(odd, 'etc/passwd')]);
  mkdirSync(join(odd, 'etc/group'));
  writeFileSync(join(odd, 'etc/huge'), '');
  truncateSync(join(odd, 'etc/huge'), 2 ** 33);
  for (const path of [passwd, '/etc/group', '/etc/huge', '/etc/keep/passwd', '/etc', '/']) {
    assert.equal(readRootfsFile([{ type: 'bind', source: odd, options: [] }], path), '', path);
  }
});
