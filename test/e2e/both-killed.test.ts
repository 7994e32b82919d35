import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '@fairlead/base';
import { eventually, type Inspected, LifeRig } from './life-rig.ts';

/**
 * The daemon and containerd are killed together, and while neither is there some containers end. The first answer of all
 * that the API gives afterwards, asked for before it is back, is right about every container: nobody has to ask again.
 */

let rig: LifeRig;

const forever = ['sleep', '1000'];
/** Ends when it is told to. */
const untilTold = ['sh', '-c', 'read line; exit 4'];
const onNetwork = (host: object = {}) => ({ OpenStdin: true, HostConfig: { NetworkMode: 'app', ...host } });

before(async () => {
  rig = await LifeRig.start();
  await rig.api.text('POST', '/networks/create', { body: { Name: 'app' } });
  await rig.create('created', forever, onNetwork());
  await rig.run('running', forever, onNetwork({ PortBindings: { '80/tcp': [{ HostPort: '8080' }] } }));
  await rig.run('paused', forever, onNetwork());
  await rig.post('paused', 'pause');
  await rig.run('ended', ['sh', '-c', 'exit 3'], onNetwork());
  await eventually('it has ended', async () => (await rig.state('ended')).Status === 'exited');
});

after(() => rig[Symbol.asyncDispose]());

beforeEach(async () => {
  await rig.run('told', untilTold, onNetwork());
  await rig.run('struck', forever, onNetwork());
  await rig.run('brief', forever, onNetwork({ AutoRemove: true }));
  await rig.run('lasting', forever, onNetwork({ RestartPolicy: { Name: 'always' } }));
});

const containerdPid = () => readFileSync(rig.host.pathOf('/run/fairlead/containerd/containerd.pid'), 'utf8').trim();
const killContainerd = (pid: string) => rig.host.exec('kill', '-9', pid);

/** Those that are to end do, one by itself and the others by a signal of somebody else's. */
async function endSome(ids: ReadonlyMap<string, Inspected>): Promise<void> {
  writeFileSync(rig.host.pathOf(`/run/fairlead/io/${ids.get('told')?.Id}/stdin`), 'now\n');
  const pids = ['struck', 'brief', 'lasting'].map((name) => String(ids.get(name)?.State.Pid));
  await rig.host.exec('kill', '-9', ...pids);
  const all = [...pids, String(ids.get('told')?.State.Pid)];
  while (all.some((pid) => existsSync(rig.host.pathOf(`/proc/${pid}`)))) await sleep(5);
}

/** What is said first, by whoever listens first. */
async function firstAnswer(): Promise<ReadonlyMap<string, Listed>> {
  for (;;) {
    try {
      const listed = await rig.api.json<Listed[]>('GET', '/containers/json', { query: { all: true } });
      return new Map(listed.map((container) => [container.Names[0]?.slice(1) ?? '', container]));
    } catch (error) {
      if (codeOf(error) !== 'unavailable') throw error;
      await sleep(1);
    }
  }
}

/** The part of a line of `docker ps` that is looked at. */
interface Listed {
  readonly Names: readonly string[];
  readonly State: string;
  readonly Status: string;
}

const names = ['created', 'running', 'paused', 'ended', 'told', 'struck', 'brief', 'lasting'];

const ways: Readonly<Record<string, (containerd: string) => Promise<unknown>>> = {
  'containerd before the daemon': (pid) => killContainerd(pid).then(() => rig.daemon.kill9()),
  'the daemon before containerd': (pid) => rig.daemon.kill9().then(() => killContainerd(pid)),
  'both at once': (pid) => Promise.all([killContainerd(pid), rig.daemon.kill9()]),
};

for (const [way, kill] of Object.entries(ways)) {
  test(`killed ${way}: the first answer is right about all containers`, async () => {
    const known = new Map(await Promise.all(names.map(async (name) => [name, await rig.inspect(name)] as const)));
    const pid = containerdPid();
    await kill(pid);
    await endSome(known);
    const [answer] = await Promise.all([firstAnswer(), rig.daemon.restart()]);
    assert.notEqual(containerdPid(), pid, 'it is another containerd');

    const state = (name: string) => answer.get(name)?.State;
    assert.deepEqual(names.slice(0, 6).map(state), ['created', 'running', 'paused', 'exited', 'exited', 'exited']);
    assert.equal(answer.has('brief'), false, 'what was to go when it ended is gone');
    assert.match(state('lasting') ?? '', /^(exited|restarting|running)$/);
    assert.match(answer.get('told')?.Status ?? '', /^Exited \(4\)/);
    assert.match(answer.get('struck')?.Status ?? '', /^Exited \(137\)/);
    assert.match(answer.get('paused')?.Status ?? '', /\(Paused\)$/);

    for (const name of ['running', 'paused', 'ended'])
      assert.deepEqual((await rig.inspect(name)).State, known.get(name)?.State);
    assert.equal(await rig.exec('running', ['echo', 'here']), 'here\n', 'it is served like any other');
    await eventually('what lasts is started again', async () => {
      const { Running, Pid } = await rig.state('lasting');
      return Running && Pid !== known.get('lasting')?.State.Pid;
    });
    await rig.remove('told', 'struck', 'lasting');
  });
}
