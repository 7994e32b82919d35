import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { errnoOf } from '../system-call/errno-of.ts';
import { listXattrs, makeNode, openInRoot, readXattr, writeXattr } from './file-calls.ts';
import { openMountTree } from './mount-tree.ts';

let folder: string;
const inFolder = (...names: string[]) => join(folder, ...names);
const descriptors: number[] = [];
const held = (descriptor: number): number => {
  descriptors.push(descriptor);
  return descriptor;
};
const inside = (root: number, path: string, flags: number = constants.O_RDONLY) =>
  held(openInRoot(root, Buffer.from(path), flags));

/** An overlay as containerd describes it: `below` under `above`, and `lowest` under both. */
const layers = () => [
  {
    type: 'overlay',
    source: 'overlay',
    options: [
      'index=off',
      `workdir=${inFolder('work')}`,
      `upperdir=${inFolder('above')}`,
      `lowerdir=${inFolder('below')}:${inFolder('lowest')}`,
    ],
  },
];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-tree-'));
  for (const name of ['work', 'above', 'below', 'lowest', 'volume']) mkdirSync(inFolder(name));
  mkdirSync(inFolder('below', 'etc'));
  writeFileSync(inFolder('below', 'etc', 'name'), 'below');
  writeFileSync(inFolder('lowest', 'base'), 'lowest');
  writeFileSync(inFolder('volume', 'file'), 'from the volume');
});

afterEach(() => {
  for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

test('a tree has its layers and binds, takes changes, and leaves no mount behind', () => {
  const binds = [{ source: inFolder('volume'), target: '/var/data', readOnly: false }];
  const root = held(openMountTree(inFolder('place'), { layers: layers(), readOnly: false, binds }));
  assert.equal(readFileSync(inside(root, '/etc/name'), 'utf8'), 'below');
  assert.equal(readFileSync(inside(root, 'base'), 'utf8'), 'lowest');
  assert.equal(readFileSync(inside(root, '/var/data/file'), 'utf8'), 'from the volume');
  writeFileSync(inside(root, '/etc/name', constants.O_WRONLY | constants.O_TRUNC), 'changed');
  assert.equal(readFileSync(inFolder('above', 'etc', 'name'), 'utf8'), 'changed');
  assert.equal(existsSync(inFolder('place')), false);
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(folder));
});

test('a tree that only is read refuses changes and shows what another mount has changed', () => {
  writeFileSync(inFolder('above', 'new'), 'above');
  const writable = held(openMountTree(inFolder('one'), { layers: layers(), readOnly: false, binds: [] }));
  writeFileSync(inside(writable, 'later', constants.O_CREAT | constants.O_WRONLY), 'x');
  const root = held(openMountTree(inFolder('two'), { layers: layers(), readOnly: true, binds: [] }));
  assert.deepEqual(readdirSync(`/proc/self/fd/${root}`).sort(), ['base', 'etc', 'later', 'new']);
  assert.throws(() => inside(root, 'base', constants.O_WRONLY), hasErrno('EROFS'));
});

test('what is bound to be read only is', () => {
  const binds = [{ source: inFolder('volume', 'file'), target: '/etc/hosts', readOnly: true }];
  const root = held(openMountTree(inFolder('place'), { layers: layers(), readOnly: false, binds }));
  assert.equal(readFileSync(inside(root, '/etc/hosts'), 'utf8'), 'from the volume');
  assert.throws(() => inside(root, '/etc/hosts', constants.O_WRONLY), hasErrno('EROFS'));
});

test('what is mounted within a bound directory stays mounted at its source', () => {
  const mounts = ['mount -t tmpfs shared "$1"', 'mount --make-shared "$1"', 'mkdir "$1/below"'];
  // In a mount namespace of its own, lest a failure leaves something.
  const layers = [{ type: 'bind', source: inFolder('lowest'), options: ['rw'] }];
  const binds = [{ source: inFolder('volume'), target: '/data', readOnly: false }];
  const words = [inFolder('place'), { layers, readOnly: false, binds }].map((word) => JSON.stringify(word)).join(', ');
  const source = `const { openMountTree } = await import(${JSON.stringify(join(import.meta.dirname, 'mount-tree.ts'))}); openMountTree(${words});`;
  writeFileSync(inFolder('probe.mjs'), source);
  const script = [
    ...mounts,
    'mount -t tmpfs deep "$1/below"',
    `"${process.execPath}" "${inFolder('probe.mjs')}"`,
    'mountpoint "$1/below"',
  ].join(' && ');
  const output = execFileSync('unshare', ['-m', 'sh', '-c', script, 'sh', inFolder('volume')], { encoding: 'utf8' });
  assert.match(output, /is a mountpoint/);
});

test('no link leads out of the root', () => {
  const root = inside(held(openMountTree(inFolder('place'), { layers: layers(), readOnly: false, binds: [] })), '/');
  for (const [name, target] of [
    ['absolute', '/etc/name'],
    ['upwards', '../../../../etc/name'],
    ['chain', 'absolute'],
  ] as const) {
    symlinkSync(target, `/proc/self/fd/${root}/${name}`);
    assert.equal(readFileSync(inside(root, name), 'utf8'), 'below');
  }
  assert.equal(readFileSync(inside(root, '../../etc/name'), 'utf8'), 'below');
  symlinkSync('/proc/self/root/etc', `/proc/self/fd/${root}/magic`);
  assert.throws(() => inside(root, 'magic/passwd'), hasErrno('ENOENT'));
});

test('devices and extended attributes are made and read', () => {
  const node = Buffer.from(inFolder('device'));
  makeNode(node, 0o020600, 4095, 1_048_575);
  assert.equal(execFileSync('stat', ['-c', '%t %T', inFolder('device')], { encoding: 'utf8' }), 'fff fffff\n');
  const file = Buffer.from(inFolder('volume', 'file'));
  const value = Buffer.from([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  writeXattr(file, 'security.capability', value);
  assert.deepEqual(listXattrs(file), ['security.capability']);
  assert.deepEqual(readXattr(file, 'security.capability'), value);
  assert.equal(readXattr(file, 'user.none'), undefined);
});

function hasErrno(errno: string): (error: unknown) => boolean {
  return (error) => errnoOf(error) === errno;
}
