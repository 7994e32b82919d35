import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { Kernel } from '../kernel.ts';
import { mountFileSystem, unmountFileSystem } from '../mount/file-system-mount.ts';
import { mountWithIdentities, requireMappedOverlays } from '../mount/identity-mount.ts';
import { testNames } from '../testing/test-names.ts';
import { deleteNamespace, enterNamespace, namespacePath } from './namespace.ts';
import { openOwner, withUserNamespace } from './user-namespace.ts';

const name = `${testNames('owned')}net`;
const owner = {
  users: [{ inside: 0, outside: 100_000, count: 1000 }],
  groups: [{ inside: 0, outside: 200_000, count: 1000 }],
};
const folder = mkdtempSync(join(tmpdir(), 'fairlead-owned-'));

function clean(): void {
  deleteNamespace(name);
  for (const mounted of ['mapped', 'memory']) unmountFileSystem(join(folder, mounted));
  rmSync(folder, { recursive: true, force: true });
}
clean();
afterEach(clean);

test('a network namespace of a user namespace can be ruled from inside, and used from outside', async () => {
  using kernel = new Kernel();
  await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace: name, owner } }]);
  assert.equal(kernel.links(name).find((link) => link.name === 'lo')?.up, true);
  using user = openOwner(namespacePath(name));
  const script = 'cat /proc/self/uid_map /proc/self/gid_map; ip link set lo down; ip -o link show lo';
  const words = [`--user=${user.path}`, `--net=${namespacePath(name)}`, 'sh', '-c', script];
  const said = execFileSync('nsenter', words, { encoding: 'utf8' });
  assert.match(said, /^ +0 +100000 +1000\n +0 +200000 +1000\n1: lo: <LOOPBACK>/);
});

test('no process is left of a user namespace, and none of its own is needed', () => {
  const [map, process] = withUserNamespace(owner, (directory) => [
    readFileSync(`${directory}/uid_map`, 'utf8').trim().split(/ +/),
    directory,
  ]);
  assert.deepEqual(map, ['0', '100000', '1000']);
  assert.equal(statSync(process, { throwIfNoEntry: false }), undefined);
});

test('a mapping that the kernel does not take leaves nothing', async () => {
  using kernel = new Kernel();
  const twice = [...owner.users, ...owner.users];
  const object = { kind: 'namespace', namespace: name, owner: { ...owner, users: twice } } as const;
  await assert.rejects(kernel.apply([{ action: 'add', object }]), /EINVAL/);
  assert.ok(!kernel.namespaces().includes(name));
  assert.throws(() => enterNamespace(namespacePath(name), () => {}), { code: 'ENOENT' });
});

test('files belong to somebody else where they are mounted with identities', () => {
  const [source, target] = [join(folder, 'plain'), join(folder, 'mapped')];
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'file'), '');
  mountWithIdentities(source, target, owner);
  const ownerOf = (path: string) => [statSync(path).uid, statSync(path).gid];
  assert.deepEqual(ownerOf(join(target, 'file')), [100_000, 200_000]);
  const user = { uid: 100_007, gid: 200_007 };
  execFileSync('chown', [`${user.uid}:${user.gid}`, join(target, 'file')]);
  assert.deepEqual(ownerOf(join(source, 'file')), [7, 7]);
  writeFileSync(join(target, 'roots'), '');
  assert.deepEqual(ownerOf(join(source, 'roots')), [4_294_967_294, 4_294_967_294]);
});

test('what containers with users of their own need is known beforehand', async () => {
  const target = join(folder, 'memory');
  mkdirSync(target, { recursive: true });
  requireMappedOverlays(folder, owner);
  await mountFileSystem({ source: 'memory', target, type: 'ramfs', options: '' });
  assert.throws(
    () => requireMappedOverlays(target, owner),
    /^Error: users of containers cannot be mapped: .*memory has to/,
  );
});
