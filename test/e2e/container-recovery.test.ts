import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '@fairlead/lab';
import { Dice } from './dice.ts';
import { eventually, eventuallyEqual, LifeRig, outputOf, statusOf } from './life-rig.ts';

/** What a daemon finds that was away while containers lived on, ended, were frozen, or were half made or half removed. */

let rig: LifeRig;
let idle: Awaited<ReturnType<LifeRig['leftovers']>>;

const none = { HostConfig: { NetworkMode: 'none' } };
const forever = ['sleep', '1000'];
const stranger = 'ab'.repeat(32);

before(async () => {
  rig = await LifeRig.start();
  await rig.api.text('POST', '/networks/create', { body: { Name: 'one' } });
  idle = await rig.leftovers();
});

after(() => rig[Symbol.asyncDispose]());

afterEach(async () => {
  await rig.removeAll();
  await assertIdle();
});

const assertIdle = (when?: string) => eventuallyEqual(() => rig.leftovers(), idle, when);

/** Something happens while no daemon is there. */
async function meanwhile(happening: () => Promise<unknown>): Promise<void> {
  await rig.daemon.kill9();
  await happening();
  await rig.daemon.restart();
}

const ctr = (...words: string[]) => {
  return rig.host.exec('ctr', '-a', '/run/fairlead/containerd/containerd.sock', '-n', 'fairlead', ...words);
};
const containerdPid = () => Number(readFileSync(rig.host.pathOf('/run/fairlead/containerd/containerd.pid'), 'utf8'));
const logs = (name: string) => rig.api.open('GET', `/containers/${name}/logs`, { query: { stdout: 1, stderr: 1 } });

test('what lives goes on with its streams: input, output, terminal, log', async () => {
  await rig.run('cat', ['cat'], { ...none, OpenStdin: true });
  const { Pid, StartedAt } = await rig.state('cat');
  const first = await rig.attach('cat', { stdin: 1 });
  first.write('one\n');
  await first[Symbol.asyncIterator]().next();
  // A client is told at once, the log in the same moment's end.
  while ((await outputOf(await logs('cat'))) !== 'one\n') await sleep(20);
  await meanwhile(async () => {});
  const after = await rig.state('cat');
  assert.deepEqual([after.Status, after.Pid, after.StartedAt], ['running', Pid, StartedAt]);
  const client = await rig.attach('cat', { stdin: 1 });
  client.write('two\n');
  await client[Symbol.asyncIterator]().next();
  assert.equal(await outputOf(await logs('cat')), 'one\ntwo\n');
  const ended = await rig.wait('cat', 'next-exit');
  await rig.post('cat', 'kill');
  assert.equal(await ended.code, 137);
});

test('lists name the images of containers, and find them by labels that come from there', async () => {
  await rig.create('base', forever, none);
  const commit = { container: 'base', repo: 'labelled', changes: 'LABEL from=image' };
  await rig.api.text('POST', '/commit', { query: commit });
  const id = await rig.run('labelled', forever, { ...none, Image: 'labelled' });
  const listed = async () => {
    const filters = JSON.stringify({ label: ['from=image'] });
    const found = await rig.api.json<{ Id: string; Image: string }[]>('GET', '/containers/json', {
      query: { filters },
    });
    return found.map(({ Id, Image }) => [Id, Image]);
  };
  assert.deepEqual(await listed(), [[id, 'labelled']]);
  await meanwhile(async () => {});
  assert.deepEqual(await listed(), [[id, 'labelled']]);
  await rig.remove('labelled');
  await rig.api.text('DELETE', '/images/labelled');
});

test('what was frozen or thawed by somebody else is known as such', async () => {
  const ids = await Promise.all([rig.run('frozen', forever, none), rig.run('thawed', forever, none)]);
  await rig.post('thawed', 'pause');
  await meanwhile(async () => {
    await ctr('task', 'pause', ids[0] ?? '');
    await ctr('task', 'resume', ids[1] ?? '');
  });
  assert.equal((await rig.state('frozen')).Status, 'paused');
  assert.equal((await rig.state('thawed')).Status, 'running');
  await rig.post('frozen', 'unpause');
  assert.equal(await rig.exec('frozen', ['echo', 'back']), 'back\n');
});

test('what ended is recorded with its exit code, time and last words, and goes when it was to go', async () => {
  const own = { HostConfig: { NetworkMode: 'one', AutoRemove: true } };
  const ids = await Promise.all([
    rig.run('ended', ['sh', '-c', 'read line; echo "$line"; exit 4'], { ...none, OpenStdin: true }),
    rig.run('brief', forever, own),
  ]);
  const client = await rig.attach('ended', { stdin: 1 });
  let left = 0;
  await meanwhile(async () => {
    await ctr('task', 'kill', '-s', 'SIGKILL', ids[1] ?? '');
    // Its pipe is still there: the daemon was only one of those who could write to it.
    writeFileSync(rig.host.pathOf(`/run/fairlead/io/${ids[0]}/stdin`), 'last words\n');
    await sleep(300);
    left = Date.now();
  });
  client.destroy();
  const { Status, ExitCode, FinishedAt } = await rig.state('ended');
  assert.deepEqual([Status, ExitCode], ['exited', 4]);
  assert.ok(Date.parse(FinishedAt) < left, 'the time of its end, not of our return');
  assert.equal(await outputOf(await logs('ended')), 'last words\n');
  await assert.rejects(rig.inspect('brief'), { code: 'not-found' });
});

test('what was never finished is undone, and what belongs to nobody goes; what is not ours stays', async () => {
  const id = await rig.run('alive', forever, { HostConfig: { NetworkMode: 'one' } });
  const folders = [rig.host.pathOf('/run/fairlead/io'), join(rig.host.folder, 'data/containers')];
  await meanwhile(async () => {
    await ctr('snapshots', 'prepare', stranger);
    await ctr('snapshots', 'prepare', 'somebody-elses');
    for (const folder of folders) mkdirSync(join(folder, stranger, 'deep'), { recursive: true });
  });
  const snapshots = await ctr('snapshots', 'ls');
  assert.ok(!snapshots.includes(stranger) && snapshots.includes('somebody-elses') && snapshots.includes(id));
  for (const folder of folders) assert.equal(existsSync(join(folder, stranger)), false);
  assert.equal(await rig.exec('alive', ['echo', 'here']), 'here\n');
  await ctr('snapshots', 'rm', 'somebody-elses');
});

test('a container whose layer was never made is taken back; one whose pipes are lost is still looked after', async () => {
  await rig.create('halfmade', ['true'], none);
  const { Id: halfMade } = await rig.inspect('halfmade');
  const deaf = await rig.run('deaf', forever, none);
  await meanwhile(async () => {
    await ctr('snapshots', 'rm', halfMade);
    await rig.host.exec('rm', '-r', `/run/fairlead/io/${deaf}`);
  });
  await assert.rejects(rig.inspect('halfmade'), { code: 'not-found' });
  assert.equal((await rig.state('deaf')).Status, 'running');
  const ended = await rig.wait('deaf', 'next-exit');
  await rig.post('deaf', 'stop', { t: 0 });
  assert.equal(await ended.code, 137);
});

test('a joiner whose donor was removed keeps its network and its address', async () => {
  const body = { HostConfig: { NetworkMode: 'one' } };
  await rig.run('donor', forever, body);
  await rig.run('joiner', forever, { HostConfig: { NetworkMode: 'container:donor' } });
  const address = async (name: string) =>
    (await rig.exec(name, ['ip', '-o', '-4', 'addr', 'show', 'eth0'])).split(/\s+/)[3];
  const kept = await address('joiner');
  await rig.remove('donor');
  await meanwhile(async () => {});
  await rig.run('other', forever, body);
  assert.equal(await address('joiner'), kept);
  assert.notEqual(await address('other'), kept);
  await rig.remove('other');
  await meanwhile(() => rig.host.exec('kill', '-9', String(childPidIn('sleep'))));
  await rig.run('heir', forever, body);
  assert.equal(await address('heir'), kept, 'it is free again');
});

test('killed at any moment between creation and removal, a container is there in full or not at all', async (t) => {
  const dice = new Dice();
  t.diagnostic(`seed ${dice.seed}`);
  for (let round = 0; round < 6; round++) {
    const life = async () => {
      await rig.create('mortal', ['true'], { HostConfig: { NetworkMode: 'one', AutoRemove: round % 2 === 0 } });
      await rig.post('mortal', 'start');
      await rig.remove('mortal');
    };
    const over = life().catch(() => {});
    await sleep(dice.upTo(250));
    await meanwhile(() => over);
    const states = await rig.api.json<{ State: string }[]>('GET', '/containers/json', { query: { all: true } });
    for (const { State } of states) assert.match(State, /^(created|running|exited)$/, `round ${round}`);
    if (states.length > 0) {
      await rig.post('mortal', 'start').catch((error: Error) => assert.equal(error.message, '', `round ${round}`));
      await rig.remove('mortal').catch((error: Error) => assert.match(error.message, /No such container/));
    }
    await assertIdle(`round ${round}`);
  }
});

test('containers do not notice that containerd is lost, and it is started again', async () => {
  await rig.run('steady', ['sh', '-c', 'while :; do echo on; sleep 0.05; done'], none);
  const { Pid } = await rig.state('steady');
  const before = containerdPid();
  await rig.host.exec('kill', '-9', String(before));
  const answers = () => rig.exec('steady', ['echo', 'here']).then((text) => text === 'here\n');
  await eventually('containerd is back', answers);
  assert.notEqual(containerdPid(), before);
  assert.equal((await rig.state('steady')).Pid, Pid);
  await meanwhile(() => rig.host.exec('kill', '-9', String(containerdPid())));
  assert.equal((await rig.state('steady')).Pid, Pid);
  const ended = await rig.wait('steady', 'next-exit');
  await rig.post('steady', 'kill');
  assert.equal(await ended.code, 137);
});

test('a daemon that is asked to end leaves everything running when a container runs', async () => {
  await rig.run('busy', forever, { HostConfig: { NetworkMode: 'one' } });
  const before = containerdPid();
  await rig.daemon.stop();
  assert.ok(existsSync(rig.host.pathOf(`/proc/${before}`)));
  await rig.daemon.restart();
  assert.equal(containerdPid(), before);
  assert.equal(await rig.exec('busy', ['echo', 'here']), 'here\n');
});

/** The id, inside the host, of the one container process of this name. */
function childPidIn(name: string): number {
  const all = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...all(child)]);
  for (const pid of all(rig.host.pid)) {
    const status = statusOf(pid);
    const [, inside] = /^NSpid:\t\d+\t(\d+)\t/m.exec(status) ?? [];
    if (inside !== undefined && status.startsWith(`Name:\t${name}\n`)) return Number(inside);
  }
  throw new Error(`no ${name} runs`);
}
