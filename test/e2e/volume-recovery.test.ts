import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from './dice.ts';
import { deepFiles, VolumeRig } from './volume-rig.ts';

/** What a daemon finds of volumes that was killed while they were made, filled, mounted or removed. */

let rig: VolumeRig;

before(async () => {
  rig = await VolumeRig.start();
});

after(() => rig[Symbol.asyncDispose]());

const docker = (...words: string[]) => rig.docker(...words);
const lines = async (...words: string[]) => (await docker(...words)).split('\n').filter((line) => line !== '');
const contentOf = (name: string) => join(rig.root, name, '_data');

/** Remove all that docker knows of: then there must be nothing. */
async function clear(message = 'nothing is left'): Promise<void> {
  const ids = await lines('ps', '-aq');
  if (ids.length > 0) await docker('rm', '-fv', ...ids);
  const names = await lines('volume', 'ls', '-q');
  if (names.length > 0) await docker('volume', 'rm', ...names);
  assert.deepEqual([rig.directories(), await rig.mounts()], [[], []], message);
}

afterEach(() => clear());

/** Something happens while no daemon is there. */
async function meanwhile(happening: () => Promise<unknown> = async () => {}): Promise<void> {
  await rig.daemon.kill9();
  await happening();
  await rig.daemon.restart();
}

const memory = ['-o', 'type=tmpfs', '-o', 'device=tmpfs'];

test('what options mount goes on while the daemon is away, and goes with the last container', async () => {
  await docker('volume', 'create', ...memory, 'memory');
  await docker('run', '-d', '--name', 'steady', '-v', 'memory:/m', 'busybox', 'sleep', '1000');
  await docker('exec', 'steady', 'touch', '/m/file');
  await meanwhile();
  assert.deepEqual(await rig.mounts(), [contentOf('memory')]);
  assert.equal(await rig.shell(['-v', 'memory:/m'], 'ls /m'), 'file');
  assert.deepEqual(await rig.mounts(), [contentOf('memory')]);
  assert.match(await rig.refusal('volume', 'rm', 'memory'), /volume is in use/);
  await docker('kill', 'steady');
  assert.deepEqual(await rig.mounts(), []);
});

test('what a container leaves mounted that ended meanwhile is unmounted', async () => {
  await docker('volume', 'create', ...memory, 'memory');
  const id = await docker('run', '-d', '--name', 'brief', '-v', 'memory:/m', 'busybox', 'sleep', '1000');
  const socket = '/run/fairlead/containerd/containerd.sock';
  await meanwhile(() => rig.host.exec('ctr', '-a', socket, '-n', 'fairlead', 'task', 'kill', '-s', 'SIGKILL', id));
  assert.deepEqual(await rig.mounts(), []);
});

test('a removal that was cut off is finished, a copy too, and content that nobody remembers is left alone', async () => {
  await docker('volume', 'create', 'half');
  await docker('volume', 'create', 'full');
  await meanwhile(async () => {
    for (const path of ['.removed-1/_data', 'half/_copying', 'full/_copied', 'empty/_data', 'forgotten/_data']) {
      mkdirSync(join(rig.root, path), { recursive: true });
    }
    for (const path of ['.removed-1/_data/a', 'half/_copying/b', 'full/_copied/c', 'forgotten/_data/d']) {
      writeFileSync(join(rig.root, path), '');
    }
    const mount = ['mount', '-t', 'tmpfs', 'tmpfs', join(rig.root, '.removed-1/_data')];
    await rig.host.exec(...mount);
  });
  assert.deepEqual(rig.directories(), ['forgotten', 'full', 'half']);
  assert.deepEqual([readdirSync(contentOf('half')), readdirSync(contentOf('full'))], [[], ['c']]);
  await docker('volume', 'create', 'forgotten');
  assert.equal(await rig.shell(['-v', 'forgotten:/f'], 'ls /f'), 'd');
});

test('killed at any moment, volumes are there in full or not at all', async (t) => {
  const dice = new Dice();
  t.diagnostic(`seed ${dice.seed}`);
  for (let round = 0; round < 8; round++) {
    const life = async () => {
      await docker('volume', 'create', ...memory, 'memory');
      const mounts = ['-v', 'named:/data', '-v', '/anonymous', '-v', 'memory:/m', '-v', 'blank:/empty'];
      await docker('run', '--name', 'mortal', ...(round % 2 === 0 ? ['--rm'] : []), ...mounts, 'seeded', 'true');
      await docker('rm', '-v', 'mortal');
    };
    const over = life().catch(() => {});
    await sleep(dice.upTo(500));
    await meanwhile(() => over);
    const message = `round ${round}`;
    const names = await lines('volume', 'ls', '-q');
    assert.deepEqual(rig.directories(), names.toSorted(), message);
    for (const name of names) assert.deepEqual(readdirSync(join(rig.root, name)), ['_data'], message);
    if (existsSync(contentOf('named'))) {
      const found = readdirSync(contentOf('named')).sort();
      assert.match(found.join(' '), /^(|deep file link)$/, message);
      if (found.length > 0) assert.equal(readdirSync(join(contentOf('named'), 'deep')).length, deepFiles, message);
    }
    const containers = await lines('ps', '-aq');
    for (const id of containers) {
      // One that is there has all of its volumes, filled, unless it goes just now.
      assert.equal(readdirSync(contentOf('named')).length, 3, message);
      await docker('start', '-a', id).catch((error: Error) => assert.match(error.message, /No such container/));
    }
    await clear(message);
  }
});
