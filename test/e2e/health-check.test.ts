import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { busyboxImage } from '@fairlead/lab';
import { eventually, LifeRig } from './life-rig.ts';

/** Health checks of images and of `docker run`: what is run, what is concluded from it, and when it is not done. */

let rig: LifeRig;

const forever = ['busybox', 'sleep', '1000'];
const often = ['--health-interval', '50ms'];
const docker = (...words: string[]) => rig.daemon.docker(...words);
const run = (name: string, ...words: string[]) => docker('run', '-d', '--network', 'none', '--name', name, ...words);
/** Healthy as long as a file is there. */
const byFile = ['--health-cmd', 'test -f /tmp/ok', ...often, '--health-retries', '2'];

before(async () => {
  rig = await LifeRig.start();
  const image = join(rig.host.folder, 'checked.tar');
  const Healthcheck = { Test: ['CMD', 'test', '-f', '/tmp/ok'], Interval: 5e7, Retries: 2 };
  await busyboxImage(image, { reference: 'checked:latest', config: { Healthcheck, Cmd: ['sleep', '1000'] } });
  await docker('load', '-i', image);
});

after(() => rig[Symbol.asyncDispose]());

afterEach(() => rig.removeAll());

async function health(name: string) {
  const found = (await rig.state(name)).Health;
  assert.ok(found, `${name} has no health`);
  return found;
}

const until = (name: string, status: string) =>
  eventually(`${name} is ${status}`, async () => (await health(name)).Status === status);
const lastEnd = async (name: string) => (await health(name)).Log.at(-1)?.End ?? '';

/** Wait until another container has been checked so often that anybody above would have been too. */
async function untilOthersWereChecked(): Promise<void> {
  await run('clock', '--health-cmd', 'true', ...often, ...forever);
  await eventually('the clock has run', async () => (await health('clock')).Log.length === 5);
}

test('a container becomes unhealthy and healthy as its check says, and everybody can see it', async () => {
  const since = Date.now() / 1000;
  await run('web', ...byFile, ...forever);
  assert.equal((await health('web')).Status, 'starting');
  assert.match(await docker('ps', '--format', '{{.Status}}'), /^Up .* \(health: starting\)$/m);
  await until('web', 'unhealthy');
  assert.ok((await health('web')).FailingStreak >= 2);
  assert.match(
    await docker('ps', '--filter', 'health=unhealthy', '--format', '{{.Status}}'),
    /^Up .* \(unhealthy\)\n$/,
  );
  await docker('exec', 'web', 'touch', '/tmp/ok');
  await until('web', 'healthy');
  assert.match(await docker('ps', '--filter', 'health=healthy', '--format', '{{.Status}}'), /^Up .* \(healthy\)\n$/);
  assert.equal(await docker('ps', '-q', '--filter', 'health=unhealthy', '--filter', 'health=none'), '');
  await eventually('five results are kept', async () => (await health('web')).Log.length === 5);
  const { FailingStreak, Log } = await health('web');
  assert.equal(FailingStreak, 0);
  // Not as texts: a whole second has no fraction.
  assert.ok(Log.every(({ Start, End }) => Date.parse(Start) <= Date.parse(End)));
  const events = await rig.events(since, 'exitCode');
  const changes = events.filter((event) => event.includes('health_status'));
  assert.deepEqual(changes, ['container health_status: unhealthy', 'container health_status: healthy']);
  const first = events.findIndex((event) => event.includes('exec_create'));
  assert.deepEqual(events.slice(first, first + 3), [
    'container exec_create: /bin/sh -c test -f /tmp/ok',
    'container exec_start: /bin/sh -c test -f /tmp/ok',
    'container exec_die exitCode=1',
  ]);
});

test('what the check says is kept, but not more than fits', async () => {
  await run('loud', '--health-cmd', 'echo out; echo err >&2; exit 3', ...often, ...forever);
  await run('louder', '--health-cmd', 'yes | head -c 10000', ...often, ...forever);
  await eventually('it has spoken', async () => (await health('loud')).Log.length > 0);
  const [said] = (await health('loud')).Log;
  assert.deepEqual([said?.ExitCode, said?.Output.split('\n').sort().join()], [3, ',err,out']);
  await until('louder', 'healthy');
  assert.equal((await health('louder')).Log[0]?.Output, `${'y\n'.repeat(2048)}...`);
});

test('a check that takes too long is killed, and one that cannot be run has failed', async () => {
  const slow = ['--health-cmd', 'echo begun; exec sleep 77', '--health-timeout', '200ms', '--health-retries', '1'];
  await run('slow', ...slow, ...often, ...forever);
  await until('slow', 'unhealthy');
  const [first] = (await health('slow')).Log;
  assert.deepEqual([first?.ExitCode, first?.Output], [-1, 'Health check exceeded timeout (200ms): begun\n']);
  const body = { Healthcheck: { Test: ['CMD', 'no-such-program'], Interval: 5e7, Retries: 1 } };
  await rig.run('absent', ['sleep', '1000'], { HostConfig: { NetworkMode: 'none' }, ...body });
  await until('absent', 'unhealthy');
  const [missing] = (await health('absent')).Log;
  assert.equal(missing?.ExitCode, -1);
  assert.match(missing?.Output ?? '', /exec: "no-such-program": executable file not found in \$PATH/);
});

test('killed checks leave no process behind', async () => {
  const slow = ['--health-cmd', 'exec sleep 77', '--health-timeout', '100ms', '--health-retries', '3'];
  await run('slow', ...slow, ...often, ...forever);
  await until('slow', 'unhealthy');
  const sleeping = (await docker('exec', 'slow', 'ps')).split('\n').filter((line) => line.includes('sleep 77'));
  assert.ok(sleeping.length <= 1, sleeping.join('\n'));
});

test('failures in the start period do not count', async () => {
  // Not with the docker command, which knows this interval since 25.
  const times = { Retries: 1, StartPeriod: 3600e9, StartInterval: 5e7 };
  const Healthcheck = { Test: ['CMD-SHELL', 'test -f /tmp/ok'], ...times };
  await rig.run('slow', ['sleep', '1000'], { Healthcheck, HostConfig: { NetworkMode: 'none' } });
  await eventually('it has failed often', async () => (await health('slow')).Log.length === 5);
  const { Status, FailingStreak } = await health('slow');
  assert.deepEqual([Status, FailingStreak], ['starting', 0]);
  await docker('exec', 'slow', 'touch', '/tmp/ok');
  await until('slow', 'healthy');
});

test('the image’s check holds unless it is changed or switched off', async () => {
  await run('as-is', 'checked');
  await run('changed', '--health-cmd', 'true', 'checked');
  await run('off', '--no-healthcheck', 'checked');
  await until('as-is', 'unhealthy');
  await until('changed', 'healthy');
  assert.equal((await rig.state('off')).Health, undefined);
  const shown = JSON.parse(await docker('inspect', '-f', '{{json .Config.Healthcheck}}', 'changed'));
  assert.deepEqual(shown, { Test: ['CMD-SHELL', 'true'], Interval: 50_000_000, Retries: 2 });
});

test('who has ended or is frozen is not checked; who goes on is', async () => {
  for (const name of ['ended', 'frozen']) {
    await run(name, '--health-cmd', 'true', ...often, ...forever);
    await until(name, 'healthy');
  }
  await docker('stop', '-t', '0', 'ended');
  await docker('pause', 'frozen');
  const before = [await lastEnd('ended'), await lastEnd('frozen')];
  // Docker calls unhealthy whom it does not look at.
  assert.deepEqual([(await health('ended')).Status, (await health('frozen')).Status], ['unhealthy', 'unhealthy']);
  await untilOthersWereChecked();
  assert.deepEqual([await lastEnd('ended'), await lastEnd('frozen')], before);
  await docker('unpause', 'frozen');
  await docker('start', 'ended');
  for (const name of ['ended', 'frozen']) await until(name, 'healthy');
});

test('a container is not frozen while a check is being started', async () => {
  await run('hurried', '--health-cmd', 'true', '--health-interval', '10ms', ...forever);
  await until('hurried', 'healthy');
  for (let round = 0; round < 25; round++) {
    await rig.post('hurried', 'pause');
    await rig.post('hurried', 'unpause');
  }
  await docker('rm', '-f', 'hurried');
});

test('the next daemon goes on with what this one knew', async () => {
  const since = Date.now() / 1000;
  await run('web', ...byFile, '--restart', 'always', ...forever);
  await docker('exec', 'web', 'touch', '/tmp/ok');
  await until('web', 'healthy');
  await rig.daemon.kill9();
  await rig.daemon.restart();
  const known = await lastEnd('web');
  assert.equal((await health('web')).Status, 'healthy');
  await eventually('it is checked again', async () => (await lastEnd('web')) > known);
  assert.deepEqual(
    (await rig.events(since)).filter((event) => event.includes('health_status')),
    [],
  );
  await docker('exec', 'web', 'rm', '/tmp/ok');
  await until('web', 'unhealthy');
});
