import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { privateContainerd } from '../testing/private-containerd.ts';
import { Containerd } from './containerd.ts';
import { startContainerd } from './containerd-process.ts';

test('a containerd that runs is found again, not started twice', async () => {
  await using lab = await privateContainerd();
  await lab.containerd.verify();
  assert.match(await lab.containerd.version(), /^v?\d+\.\d+/);
  const again = await startContainerd(lab.settings);
  assert.equal(again.adopted, true);
  assert.equal(again.pid, lab.process.pid);
  await again.stop();
  await lab.process.ended;
  await again.ended;
});

test('containerd finds a program that decompresses layers, after any of the machine’s own', async () => {
  await using lab = await privateContainerd();
  const environment = readFileSync(`/proc/${lab.process.pid}/environ`, 'utf8').split('\0');
  const directory =
    environment
      .find((variable) => variable.startsWith('PATH='))
      ?.split(':')
      .at(-1) ?? '';
  const program = join(directory, 'unpigz');
  const decompress = (input: Buffer) =>
    execFileSync(program, ['-d', '-c'], { input, stdio: ['pipe', 'pipe', 'ignore'] });
  assert.equal(decompress(gzipSync('a layer')).toString(), 'a layer');
  assert.throws(() => decompress(Buffer.from('no layer')), { status: 1 });
});

test('the client finds a containerd that came back', async () => {
  await using lab = await privateContainerd();
  const version = await lab.containerd.version();
  await lab.restart();
  assert.equal(await lab.containerd.version(), version);
});

test('places for mounts that a killed containerd has left are removed', async () => {
  await using lab = await privateContainerd();
  const folder = join(lab.settings.root, 'tmpmounts');
  mkdirSync(join(folder, 'containerd-mount1'), { recursive: true });
  await lab.restart();
  assert.deepEqual(readdirSync(folder), []);
});

test('the namespace can be made any number of times', async () => {
  await using lab = await privateContainerd();
  await lab.containerd.ensureNamespace();
  await lab.containerd.ensureNamespace();
  using other = Containerd.connect(lab.settings.socket, { namespace: 'other' });
  assert.deepEqual(await other.images.list(), []);
});

test('a socket path that containerd would refuse is refused at once', async () => {
  const socket = `/tmp/${'x'.repeat(94)}`;
  await assert.rejects(startContainerd({ root: '/nonexistent', state: '/nonexistent', socket }), {
    code: 'invalid-argument',
    message: /at most 98 bytes/,
  });
});

test('a containerd that does not come up says why', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fl-containerd-'));
  const paths = { root: join(directory, 'root'), state: join(directory, 'state'), socket: join(directory, 'c.sock') };
  try {
    await assert.rejects(startContainerd({ ...paths, binary: '/bin/false' }), {
      code: 'unavailable',
      message: /did not start: exit code 1/,
    });
    await assert.rejects(startContainerd({ ...paths, binary: '/nonexistent' }), {
      code: 'unavailable',
      message: /did not start: exit code 127\n.*\/nonexistent: not found/s,
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
