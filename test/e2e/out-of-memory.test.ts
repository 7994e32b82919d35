import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LifeRig } from './life-rig.ts';

/** Containers that want more memory than they may have. */

let rig: LifeRig;
const docker = (...words: string[]) => rig.daemon.tryDocker(words);
/** Without swap, or it would last. */
const limit = ['-m', '16m', '--memory-swap', '16m', '--network', 'none'];
const sinceStart = Date.now() / 1000;

before(async () => {
  rig = await LifeRig.start();
});

after(() => rig[Symbol.asyncDispose]());

/** How a container ended, and what was told of that, in order. */
async function endOf(name: string) {
  const { Status, ExitCode, OOMKilled } = await rig.state(name);
  const events = (await rig.events(sinceStart, 'name')).filter((line) => line.endsWith(` name=${name}`));
  const told = events.map((line) => line.split(' ')[1]).filter((action) => action === 'oom' || action === 'die');
  return { Status, ExitCode, OOMKilled, told };
}

async function assertEnd(name: string, ExitCode: number, ...told: string[]): Promise<void> {
  assert.deepEqual(await endOf(name), { Status: 'exited', ExitCode, OOMKilled: told.includes('oom'), told });
}

test('a container that takes more than its memory is killed, and that is told before its end', async () => {
  const { code } = await docker('run', '--name', 'greedy', ...limit, 'busybox', 'sh', '-c', 'tail /dev/zero');
  assert.equal(code, 137);
  await assertEnd('greedy', 137, 'oom', 'die');
});

test('a process that is killed for want of memory counts although the container ends by itself', async () => {
  const { code } = await docker('run', '--name', 'parent', ...limit, 'busybox', 'sh', '-c', 'tail /dev/zero; exit 3');
  assert.equal(code, 3);
  await assertEnd('parent', 3, 'oom', 'die');
});

test('a container that is killed by a client has not run out of memory', async () => {
  await docker('run', '-d', '--name', 'victim', ...limit, 'busybox', 'sleep', '1000');
  await docker('kill', 'victim');
  await assertEnd('victim', 137, 'die');
});

test('a container that ran out of memory while the daemon was away has done so', async () => {
  const script = 'until [ -e /go ]; do sleep 0.05; done; exec tail /dev/zero';
  await docker('run', '-d', '--name', 'unseen', ...limit, 'busybox', 'sh', '-c', script);
  const { Pid } = await rig.state('unseen');
  await rig.daemon.kill9();
  await rig.host.exec('touch', `/proc/${Pid}/root/go`);
  while ((await rig.host.run(['test', '-e', `/proc/${Pid}`])).code === 0) await sleep(20);
  await rig.daemon.restart();
  await assertEnd('unseen', 137, 'oom', 'die');
});
