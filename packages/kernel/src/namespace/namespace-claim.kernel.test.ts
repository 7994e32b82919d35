import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockFile } from '../mount/file-lock.ts';
import { type Claimant, claimInNamespace } from './namespace-claim.ts';

const modules = ['./namespace-claim.ts', '../mount/file-lock.ts'].map((path) => join(import.meta.dirname, path));
const name = `fairlead.test.${process.pid}`;

/** Another process that does something with what is imported here, and waits. @param wrapper what it is started by. */
async function beside(code: string, ...wrapper: string[]) {
  const program = [
    'const [, claiming, locking] = process.argv;',
    'const [{ claimInNamespace }, { lockFile }] = await Promise.all([import(claiming), import(locking)]);',
    `globalThis.held = ${code};`,
    `process.stdout.write(Symbol.dispose in held ? 'held' : JSON.stringify(held)); setInterval(() => {}, 1000);`,
  ].join('\n');
  const [command = '', ...words] = [...wrapper, process.execPath, '--input-type=module', '-e', program, ...modules];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data');
  return {
    said: String(said),
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

test('a name is claimed once in a network namespace, and free again when its claimant dies', async () => {
  const claim = `claimInNamespace('${name}')`;
  {
    await using other = await beside(claim);
    assert.deepEqual(claimInNamespace(name), { pid: other.pid, uid: 0 });
    await using apart = await beside(claim, 'unshare', '--net');
    assert.equal(apart.said, 'held');
  }
  {
    using own = claimInNamespace(name) as Disposable;
    assert.ok(Symbol.dispose in own);
    await using other = await beside(claim);
    assert.equal(other.said, JSON.stringify({ pid: process.pid, uid: 0 }));
  }
  await using other = await beside(claim);
  assert.equal(other.said, 'held');
});

test('who claims a name and is not root is told apart', async () => {
  const bind = `socket(my $s, AF_UNIX, SOCK_DGRAM, 0); bind($s, pack_sockaddr_un("\\0${name}")) or die $!;`;
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const perl = ['perl', '-MSocket', '-e', `${bind} $| = 1; print 'held'; sleep`];
  const child = spawn('setpriv', [...nobody, ...perl], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    assert.equal((claimInNamespace(name) as Claimant).uid, 65_534);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('a file is locked by one process, which it names, and free again when that dies', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fl-lock-'));
  const path = join(folder, 'lock');
  try {
    {
      await using other = await beside(`lockFile('${path}')`);
      assert.deepEqual(lockFile(path), { holder: String(other.pid) });
    }
    using own = lockFile(path) as Disposable;
    assert.ok(Symbol.dispose in own);
    assert.deepEqual(lockFile(path), { holder: String(process.pid) });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
