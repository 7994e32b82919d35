import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, Host } from '@fairlead/lab';
import { Registry } from '../lab/registry.ts';
import { difference, InterruptionRig, type Remains } from './interruption-rig.ts';

/**
 * The disk under the data root is full: what was being made fails and leaves nothing, and who has filled it can be
 * stopped and removed, whatever becomes of the daemon meanwhile.
 */

const parts = new AsyncDisposableStack();
let host: Host;
let rig: InterruptionRig;
let data: string;
let registry: string;
let idle: Remains;

const megabyte = 1_000_000;
const path = (name: string) => join(host.folder, name);
const docker = (...words: string[]) => rig.daemon.docker(...words);
/** Leave so many megabytes. */
async function leave(room: number): Promise<void> {
  const used = Number((await host.exec('df', '-B1', '--output=used', data)).split('\n')[1]);
  await host.exec('mount', '-o', `remount,size=${used + room * megabyte}`, data);
}

before(async () => {
  host = parts.use(await Host.create());
  data = path('data');
  mkdirSync(data);
  await host.exec('mount', '-t', 'tmpfs', '-o', `size=${200 * megabyte}`, 'small', data);
  const daemon = parts.use(await Daemon.fairlead(host));
  rig = new InterruptionRig(host, daemon);
  await daemon.loadBusybox();
  registry = (await Registry.start(host)).address;
  // Its layer is of 20 MB that nothing compresses.
  await docker('run', '--name', 'big', 'busybox', 'sh', '-c', `head -c ${20 * megabyte} /dev/urandom >/data`);
  await docker('commit', 'big', `${registry}/big`);
  await docker('push', `${registry}/big`);
  await docker('save', '-o', path('big.tar'), `${registry}/big`);
  await docker('export', '-o', path('root.tar'), 'big');
  await docker('rmi', `${registry}/big`);
  idle = await remains();
});

after(() => parts.disposeAsync());

const remains = async (): Promise<Remains> => ({ ...(await rig.remains()), layers: rig.layers() });

/** Layers go once containerd has collected its garbage, which is asked for here. */
async function assertIdle(): Promise<void> {
  const ctr = ['ctr', '-a', '/run/fairlead/containerd/containerd.sock', '-n', 'fairlead'];
  const lease = (await host.exec(...ctr, 'leases', 'create')).trim();
  await host.exec(...ctr, 'leases', 'delete', '--sync', lease);
  let left = difference(idle, await remains());
  for (let attempt = 0; attempt < 50 && left !== ''; attempt++) {
    await sleep(100);
    left = difference(idle, await remains());
  }
  assert.equal(left, '');
}

/** What needs up to 40 MB more than there is in the beginning, and 20 at least. */
const transfers: Readonly<Record<string, () => readonly string[]>> = {
  pull: () => ['pull', `${registry}/big`],
  load: () => ['load', '-i', path('big.tar')],
  import: () => ['import', path('root.tar'), 'imported'],
  commit: () => ['commit', 'big', 'committed'],
  build: () => ['build', '--force-rm', '-t', 'built', path('context')],
};

for (const [what, words] of Object.entries(transfers)) {
  // The file that is fetched, packed or sent, and what is unpacked of it.
  for (const room of [15, 30]) {
    test(`${what} fails where there are ${room} MB, and leaves nothing`, async () => {
      mkdirSync(path('context'), { recursive: true });
      writeFileSync(path('context/data'), Buffer.alloc(12 * megabyte, 'x'));
      writeFileSync(path('context/Dockerfile'), 'FROM busybox\nCOPY data /1\nRUN cp /1 /2; cp /1 /3');
      await leave(room);
      const { code, stdout, stderr } = await rig.daemon.tryDocker(words(), { env: { DOCKER_BUILDKIT: '0' } });
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, /no space left on device/i);
      // A step that is complete is an image.
      await docker('image', 'prune', '-f');
      await assertIdle();
      await leave(200);
      await rig.daemon.tryDocker(['rmi', `${registry}/big`, 'imported', 'committed', 'built']);
    });
  }
}

test('who has filled the disk is stopped and removed, whatever becomes of the daemon', async () => {
  const run = (name: string, command: string) => docker('run', '-d', '--name', name, 'busybox', 'sh', '-c', command);
  await leave(20);
  await run('other', 'while :; do sleep 0.1; done');
  await run('mortal', 'sleep 3; exit 4');
  await run('filling', 'cat /dev/zero >/x; while :; do sleep 0.1; done');
  const state = async (name: string) =>
    (await docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name)).trim();
  while (!/100%/.test(await host.exec('df', data))) await sleep(50);
  const { code, stderr } = await rig.daemon.tryDocker(['create', 'busybox']);
  assert.equal(code, 1);
  assert.match(stderr, /no space left on device|disk is full/);

  await docker('restart', '-t', '0', 'other');
  await docker('rename', 'other', 'else');
  assert.equal(await docker('wait', 'mortal'), '4\n');
  for (const end of [() => rig.daemon.kill9(), () => rig.daemon.stop()]) {
    await end();
    await rig.daemon.restart();
    assert.deepEqual(await Promise.all(['else', 'mortal', 'filling'].map(state)), [
      'running 0',
      'exited 4',
      'running 0',
    ]);
  }
  await docker('stop', '-t', '0', 'else');
  assert.equal(await state('else'), 'exited 137');
  await docker('rm', '-f', 'filling', 'mortal', 'else');
  await assertIdle();
  assert.equal(await docker('run', '--rm', 'busybox', 'echo', 'room'), 'room\n');
});
