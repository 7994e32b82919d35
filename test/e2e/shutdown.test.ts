import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually, LifeRig } from './life-rig.ts';
import { reboot } from './reboot.ts';

/** Containers of a machine that ends: what systemd runs then, a cut of the power, and the next start. */

let rig: LifeRig;

const docker = (...words: string[]) => rig.daemon.docker(...words);
const run = (name: string, ...words: string[]) => docker('run', '-d', '--name', name, '--network', 'none', ...words);
const status = async (name: string) => (await rig.state(name)).Status;
const shutDown = () => rig.tryFairlead('system', 'stop-containers');

/** Says when it has heard a signal, and takes a moment over its end. */
const ends = (signal: string, code: number) => [
  'busybox',
  ...[
    'sh',
    '-c',
    `trap 'echo heard ${signal}; sleep 0.3; echo done; exit ${code}' ${signal}; echo up; while :; do sleep 0.05; done`,
  ],
];
const deaf = ['busybox', 'sh', '-c', "trap '' TERM; echo up; while :; do sleep 0.05; done"];

before(async () => {
  rig = await LifeRig.start();
});

after(() => rig[Symbol.asyncDispose]());

afterEach(() => rig.removeAll());

const untilUp = (...names: string[]) =>
  eventually('they listen for signals', async () => {
    const logs = await Promise.all(names.map((name) => docker('logs', name)));
    return logs.every((log) => log.startsWith('up'));
  });

test('each ends by its own signal and in its own time, with all that it has said', async () => {
  await run('own', '--stop-signal', 'USR1', ...ends('USR1', 7));
  await run('plain', ...ends('TERM', 0));
  await run('frozen', '--stop-signal', 'USR2', ...ends('USR2', 0));
  await run('deaf', '--stop-timeout', '1', ...deaf);
  await run('gone', '--rm', ...ends('TERM', 0));
  await untilUp('own', 'plain', 'frozen', 'deaf', 'gone');
  await docker('pause', 'frozen');
  assert.deepEqual(await shutDown(), { code: 0, stdout: 'stopping 5 containers\n', stderr: '' });
  await reboot(rig);
  assert.equal(await docker('logs', 'own'), 'up\nheard USR1\ndone\n');
  assert.equal(await docker('logs', 'plain'), 'up\nheard TERM\ndone\n');
  assert.equal(await docker('logs', 'frozen'), 'up\nheard USR2\ndone\n');
  const exitCode = async (name: string) => (await rig.state(name)).ExitCode;
  assert.deepEqual(await Promise.all(['own', 'plain', 'frozen', 'deaf'].map(exitCode)), [7, 0, 0, 137]);
  await assert.rejects(rig.state('gone'), { code: 'not-found' });
  assert.doesNotMatch(rig.daemon.log(), /output lost|container end incomplete/);
});

test('the next start brings back whom nobody has stopped by name', async () => {
  await run('always', '--restart', 'always', ...ends('TERM', 0));
  await run('unless', '--restart', 'unless-stopped', ...ends('TERM', 0));
  await run('failed', '--restart', 'on-failure', ...ends('TERM', 3));
  await run('well', '--restart', 'on-failure', ...ends('TERM', 0));
  await run('stopped', '--restart', 'unless-stopped', ...ends('TERM', 0));
  await run('waiting', '--restart', 'unless-stopped', 'busybox', 'sh', '-c', 'exit 3');
  await run('never', ...ends('TERM', 0));
  await untilUp('always', 'unless', 'failed', 'well', 'stopped', 'never');
  await docker('stop', '-t', '0', 'stopped');
  assert.equal((await shutDown()).code, 0);
  const names = ['always', 'unless', 'failed', 'well', 'stopped', 'waiting', 'never'];
  assert.deepEqual(new Set(await Promise.all(names.map(status))), new Set(['exited']));
  await reboot(rig);
  for (const name of ['always', 'unless', 'failed']) {
    await eventually(`${name} runs`, async () => (await status(name)) === 'running');
  }
  await eventually('it goes on failing', async () => (await rig.inspect('waiting')).RestartCount > 0);
  for (const name of ['well', 'stopped', 'never']) assert.equal(await status(name), 'exited', name);
});

test('a machine that ends while it boots leaves nobody running that the boot has begun to start', async () => {
  const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
  for (const name of names) await run(name, '--restart', 'always', '--stop-timeout', '1', ...ends('TERM', 0));
  await reboot(rig);
  assert.equal((await shutDown()).code, 0);
  await run('later', 'busybox', 'true');
  assert.equal(await docker('ps', '--filter', 'name=^/(one|two|three|four|five|six|seven|eight)$', '-q'), '');
  await reboot(rig);
  for (const name of names) await eventually(`${name} runs`, async () => (await status(name)) === 'running');
});

test('the engine goes on, and looks after containers as before, when the machine does not end after all', async () => {
  await run('box', '--restart', 'always', ...ends('TERM', 0));
  await untilUp('box');
  assert.equal((await shutDown()).code, 0);
  await docker('start', 'box');
  await docker('exec', 'box', 'sh', '-c', 'kill -TERM 1');
  await eventually('it was started again', async () => (await rig.inspect('box')).RestartCount > 0);
});
