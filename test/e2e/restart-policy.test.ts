import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { childrenOf } from '@fairlead/lab';
import { eventually, LifeRig, statusOf } from './life-rig.ts';
import { reboot } from './reboot.ts';

/** Containers that are started again by their restart policy: while the daemon runs, after its end, after a reboot. */

let rig: LifeRig;

const none = ['--network', 'none'];
const failing = ['busybox', 'sh', '-c', 'exit 3'];
const forever = ['busybox', 'sleep', '1000'];
const docker = (...words: string[]) => rig.daemon.docker(...words);
const run = (name: string, policy: string, ...words: string[]) =>
  docker('run', '-d', '--name', name, '--restart', policy, ...words);

before(async () => {
  rig = await LifeRig.start();
});

after(() => rig[Symbol.asyncDispose]());

afterEach(() => rig.removeAll());

const restarts = async (name: string) => (await rig.inspect(name)).RestartCount;
const status = async (name: string) => (await rig.state(name)).Status;
const until = (name: string, wanted: string) =>
  eventually(`${name} is ${wanted}`, async () => (await status(name)) === wanted);

/** Wait until a container waits for a restart that is some way off. */
async function untilWaiting(name: string): Promise<void> {
  await eventually(`${name} waits`, async () => {
    const { RestartCount, State } = await rig.inspect(name);
    return RestartCount >= 4 && State.Restarting;
  });
}

/** Another container fails and is started again until as much time has gone by as anybody above waits for. */
async function untilOthersHaveRestarted(): Promise<void> {
  await run('clock', 'always', ...none, ...failing);
  await eventually('the clock has run', async () => (await restarts('clock')) >= 5);
}

test('on-failure starts again what failed, so many times, and leaves the last exit code', async () => {
  const since = Date.now() / 1000;
  await run('weak', 'on-failure:2', ...none, ...failing);
  await eventually('it has ended for good', async () => {
    const { RestartCount, State } = await rig.inspect('weak');
    return RestartCount === 2 && State.Status === 'exited';
  });
  assert.equal((await rig.state('weak')).ExitCode, 3);
  const events = (await rig.events(since)).filter((event) => /container (start|die)/.test(event));
  assert.deepEqual(events, Array(3).fill(['container start', 'container die']).flat());
  await run('well', 'on-failure:2', ...none, 'busybox', 'true');
  await until('well', 'exited');
  assert.equal(await restarts('well'), 0);
  await docker('start', 'weak');
  await eventually('it counts anew', async () => (await restarts('weak')) < 2);
});

test('who ran it in the foreground is told of the first end, and the container goes on', async () => {
  const { code } = await rig.daemon.tryDocker(['run', '--name', 'first', '--restart', 'always', ...none, ...failing]);
  assert.equal(code, 3);
  await eventually('it was started again', async () => (await restarts('first')) >= 2);
});

test('what waits for its restart says so, and refuses what needs a process', async () => {
  await run('waiting', 'always', ...none, ...failing);
  const refused = async (...words: string[]) => {
    await untilWaiting('waiting');
    return (await rig.daemon.tryDocker(words)).stderr;
  };
  const { Id } = await rig.inspect('waiting');
  await untilWaiting('waiting');
  const { Running, Restarting, Pid, ExitCode } = await rig.state('waiting');
  assert.deepEqual([Running, Restarting, Pid, ExitCode], [true, true, 0, 3]);
  assert.match(await docker('ps', '--filter', 'status=restarting', '--format', '{{.Status}}'), /^Restarting \(3\) /);
  const busy = new RegExp(`Container ${Id} is restarting, wait until the container is running`);
  assert.match(await refused('pause', 'waiting'), busy);
  assert.match(await refused('exec', 'waiting', 'true'), busy);
  assert.match(
    await refused('rm', 'waiting'),
    /container is restarting: stop the container before removing or force rem/,
  );
  // Docker takes it for one that runs.
  await docker('start', 'waiting');
  assert.ok((await restarts('waiting')) >= 4);
});

test('stop, kill and forced removal end the waiting', async () => {
  for (const name of ['stopped', 'killed', 'removed']) await run(name, 'always', ...none, ...failing);
  for (const [name, verb] of [
    ['stopped', ['stop']],
    ['killed', ['kill']],
  ] as const) {
    await untilWaiting(name);
    const ended = await rig.wait(name, 'not-running');
    await docker(...verb, name);
    assert.equal(await ended.code, 3);
    assert.equal(await status(name), 'exited');
  }
  await untilWaiting('removed');
  await docker('rm', '-f', 'removed');
  await untilOthersHaveRestarted();
  assert.deepEqual([await status('stopped'), await status('killed')], ['exited', 'exited']);
  await docker('start', 'stopped');
  await eventually('it is started again as before', async () => (await restarts('stopped')) >= 2);
});

test('a container that is stopped while it runs stays stopped; one that is restarted is looked after as before', async () => {
  for (const policy of ['always', 'unless-stopped', 'on-failure']) await run(policy, policy, ...none, ...forever);
  await docker('stop', '-t', '0', 'always', 'unless-stopped', 'on-failure');
  await untilOthersHaveRestarted();
  for (const name of ['always', 'unless-stopped', 'on-failure']) assert.equal(await status(name), 'exited', name);
  await docker('restart', 'always');
  const { Pid } = await rig.state('always');
  process.kill(childPid(Pid), 'SIGKILL');
  await eventually('its end was noticed', async () => (await restarts('always')) === 1);
  await until('always', 'running');
});

test('killed while containers wait, the next daemon goes on where this one was', async () => {
  await run('waiting', 'always', ...none, ...failing);
  await untilWaiting('waiting');
  const count = await restarts('waiting');
  await rig.daemon.kill9();
  await rig.daemon.restart();
  await eventually('it was started again', async () => (await restarts('waiting')) > count);
  await untilWaiting('waiting');
  await docker('stop', 'waiting');
  assert.equal(await status('waiting'), 'exited');
});

test('killed while it takes away what has ended, the next daemon goes on', async () => {
  for (const name of ['one', 'two', 'three', 'four']) {
    const events = rig.api.lines<{ Action: string }>('GET', '/events', { query: { filters: '{"event":["die"]}' } });
    const died = events[Symbol.asyncIterator]().next();
    await run(name, 'always', ...none, ...failing);
    await died;
    await rig.daemon.kill9();
    await rig.daemon.restart();
    const count = await restarts(name);
    await eventually('it goes on', async () => (await restarts(name)) > count);
    await rig.remove(name);
  }
});

test('a daemon starts what ended while it was away, and what its policy wants', async () => {
  await run('lives', 'always', ...none, ...forever);
  await run('ended', 'unless-stopped', ...none, ...forever);
  await run('stopped', 'unless-stopped', ...none, ...forever);
  await run('stubborn', 'always', ...none, ...forever);
  await run('never', 'no', ...none, ...forever);
  await docker('create', '--name', 'created', '--restart', 'always', ...none, ...forever);
  await docker('stop', '-t', '0', 'stopped', 'stubborn');
  const { Pid: kept } = await rig.state('lives');
  const [ended, never] = [await rig.state('ended'), await rig.state('never')];
  await rig.daemon.kill9();
  for (const { Pid } of [ended, never]) process.kill(childPid(Pid), 'SIGKILL');
  await rig.daemon.restart();
  await until('ended', 'running');
  // Docker brings back what was stopped by hand when the policy is always.
  await until('stubborn', 'running');
  assert.deepEqual(
    [await status('stopped'), await status('never'), await status('created')],
    ['exited', 'exited', 'created'],
  );
  assert.equal((await rig.state('lives')).Pid, kept);
});

test('after a reboot containers come back with their donors first', async () => {
  await docker('network', 'create', 'app');
  await run('joiner', 'always', '--network', 'app', ...forever);
  await run('donor', 'unless-stopped', '--network', 'app', ...forever);
  await docker('rm', '-f', 'joiner');
  await run('joiner', 'always', '--network', 'container:donor', ...forever);
  await run('failed', 'on-failure', ...none, ...forever);
  await run('plain', 'no', ...none, ...forever);
  const started = async (name: string) => (await rig.state(name)).StartedAt;
  const before = await started('donor');
  await reboot(rig);
  for (const name of ['donor', 'joiner', 'failed']) await until(name, 'running');
  const [donor, joiner] = [await started('donor'), await started('joiner')];
  assert.ok(before < donor && donor < joiner, `${before} ${donor} ${joiner}`);
  const { Status, ExitCode } = await rig.state('plain');
  assert.deepEqual([Status, ExitCode, await restarts('joiner')], ['exited', 255, 0]);
  assert.match(await docker('exec', 'joiner', 'ip', 'addr', 'show', 'eth0'), /inet /);
});

test('policies that cannot be had are refused in Docker’s words', async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [
      ['--restart', 'sometimes'],
      /invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-fai/,
    ],
    [['--restart', 'on-failure:-1'], /maximum retry count cannot be negative/],
    [['--restart', 'always', '--rm'], /conflicting options: .*--restart and --rm/i],
  ];
  for (const [words, text] of cases) {
    assert.match((await rig.daemon.tryDocker(['create', ...words, 'busybox'])).stderr, text);
  }
  const create = (HostConfig: Readonly<Record<string, unknown>>) => rig.create('refused', ['true'], { HostConfig });
  await assert.rejects(create({ RestartPolicy: { Name: 'always' }, AutoRemove: true }), {
    code: 'invalid-argument',
    message: "can't create 'AutoRemove' container with restart policy",
  });
  await assert.rejects(create({ RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } }), {
    code: 'invalid-argument',
    message: "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  });
});

/** The process id outside of the host of one inside. */
function childPid(inside: number): number {
  const all = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...all(child)]);
  for (const pid of all(rig.host.pid)) {
    const [, id] = /^NSpid:\t\d+\t(\d+)/m.exec(statusOf(pid)) ?? [];
    if (Number(id) === inside) return pid;
  }
  throw new Error(`no process ${inside}`);
}
