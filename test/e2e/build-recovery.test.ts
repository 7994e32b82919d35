import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '@fairlead/api/client';
import { childrenOf } from '@fairlead/lab';
import { BuildRig } from './build-rig.ts';
import { Dice } from './dice.ts';

/** Builds that are cut off: by their client, by the end of the daemon, by the end of containerd. */

let rig: BuildRig;
let idle: Awaited<ReturnType<typeof remains>>;

/** Steps of every kind; none may be found in the cache, so each has a name of its own. */
const dockerfile = (name: string) => `FROM busybox
ENV name=${name}
COPY data /data/
RUN dd if=/dev/urandom of=/random bs=64k count=8 2>/dev/null; sleep 0.1
WORKDIR /made/for/${name}
ADD data /added/
VOLUME /volume
RUN cp /data/* /volume/; cp -r /data /copy; sleep 0.1
COPY --from=busybox /etc /etc-of-busybox
RUN --network=default true`;

const files = (name: string) => ({
  Dockerfile: dockerfile(name).replace(/\nRUN --network=default true$/, '\nRUN sleep 0.3'),
  'data/a': 'a'.repeat(100_000),
  'data/b': 'b',
});

before(async () => {
  rig = await BuildRig.fairlead();
  await rig.build(files('first'), { flags: ['-t', 'first'] });
  await settle();
  idle = await remains();
});

after(() => rig[Symbol.asyncDispose]());

const socket = '/run/fairlead/containerd/containerd.sock';

async function ctr(...words: string[]): Promise<string[]> {
  const text = await rig.host.exec('ctr', '-a', socket, '-n', 'fairlead', ...words);
  return text.split('\n').filter((line) => line !== '');
}

/** Everything that a build has while it is going on and that is no image. */
async function remains(): Promise<Record<string, readonly string[]>> {
  const mounts = [
    readFileSync(`/proc/${rig.daemon.pid}/mountinfo`, 'utf8'),
    await rig.host.exec('cat', `/proc/${containerdPid()}/mountinfo`),
  ]
    .flatMap((text) => text.split('\n'))
    .filter((line) => /fairlead\/files|data\/build|data\/containerd.*snapshots|containerd-mount/.test(line));
  const snapshots = (await ctr('snapshots', 'ls')).filter((line) => !/ Committed *$/.test(line));
  return {
    containers: (await rig.docker('ps', '-aq')).split('\n'),
    volumes: (await rig.docker('volume', 'ls', '-q')).split('\n'),
    records: await ctr('container', 'ls', '-q'),
    tasks: await ctr('task', 'ls', '-q'),
    leases: (await ctr('leases', 'ls')).slice(1),
    snapshots: snapshots.slice(1),
    writes: (await ctr('content', 'active')).slice(1),
    mounts,
    contexts: namesIn(join(rig.host.folder, 'data/build')),
    places: namesIn(rig.host.pathOf('/run/fairlead/files')),
    pipes: namesIn(rig.host.pathOf('/run/fairlead/io')),
    namespaces: namesIn(rig.host.pathOf('/run/netns')),
    folders: namesIn(join(rig.host.folder, 'data/containers')),
  };
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** As the host sees it. */
const containerdPid = () => Number(readFileSync(rig.host.pathOf('/run/fairlead/containerd/containerd.pid'), 'utf8'));

/** What a crash has cut off can turn up a moment later, and goes then. Looking takes seven programs. */
async function settle(when?: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (idle !== undefined && JSON.stringify(await remains()) === JSON.stringify(idle)) return;
    if (idle === undefined && attempt > 2) return;
    await sleep(200);
  }
  assert.deepEqual(await remains(), idle, when ?? 'leftovers');
}

/** Every image can be saved and run: none is half there. */
async function assertWhole(): Promise<void> {
  const ids = (await rig.docker('images', '-aq', '--no-trunc')).trim().split('\n');
  const archive = join(rig.host.folder, 'whole.tar');
  // Layers that images share are read once.
  await rig.docker('save', '-o', archive, ...new Set(ids));
  const saved = JSON.parse(await rig.host.exec('tar', '-xOf', archive, 'manifest.json'));
  assert.equal(saved.length, new Set(ids).size);
  const waiting = new Set(ids).values();
  // Each takes the next from the one iterator.
  await Promise.all(Array.from({ length: 4 }, () => assertEachRuns(waiting)));
}

async function assertEachRuns(ids: Iterable<string>): Promise<void> {
  for (const id of ids) {
    assert.equal((await rig.docker('run', '--rm', '--network', 'none', id, 'echo', 'whole')).trim(), 'whole', id);
  }
}

test('the daemon is killed at any moment of a build: nothing is left of it', async () => {
  const dice = new Dice();
  for (let round = 0; round < 8; round++) {
    const wait = dice.below(1600);
    const build = rig.build(files(`killed-${round}`));
    await sleep(wait);
    await rig.daemon.kill9();
    await build;
    await rig.daemon.restart();
    await settle(`seed ${dice.seed}, round ${round}, after ${wait} ms`);
  }
  const { code, text } = await rig.build(files('killed-0'), { flags: ['-t', 'after'] });
  assert.equal(code, 0, text);
  await settle();
});

test('containerd is killed in a build: that fails, and the next one succeeds', async () => {
  for (const wait of [200, 700]) {
    const build = rig.build(files(`without-containerd-${wait}`));
    await sleep(wait);
    await rig.host.exec('kill', '-9', `${containerdPid()}`);
    await build;
    await rig.daemon.kill9();
    await rig.daemon.restart();
    await settle();
  }
  const { code, text } = await rig.build(files('with-containerd'));
  assert.equal(code, 0, text);
  await settle();
});

test('what builds that were cut off have left are whole images', async () => {
  await assertWhole();
  await settle();
});

test('a build ends when its client goes', async () => {
  const folder = rig.folder({ Dockerfile: 'FROM busybox\nENV gone=1\nRUN sleep 1000' });
  const words = ['docker', 'build', folder];
  const env = { DOCKER_BUILDKIT: '0', DOCKER_HOST: rig.daemon.address, DOCKER_CONFIG: rig.host.folder };
  const client = rig.host.start(words, { env });
  client.stdin?.end();
  while ((await rig.docker('ps', '-q')) === '') await sleep(20);
  for (const pid of childrenOf(client.pid ?? 0)) process.kill(pid, 'SIGKILL');
  client.kill('SIGKILL');
  await settle();
});

test('a context that never ends, or is none, leaves nothing', async () => {
  const api = new ApiClient(`unix://${rig.daemon.socketPath}`);
  const abort = new AbortController();
  const endless = (async function* () {
    for (;;) {
      yield Buffer.alloc(1000, 'x');
      await sleep(10);
    }
  })();
  const request = api.text('POST', '/build', { stream: endless, signal: abort.signal });
  request.catch(() => {});
  await sleep(200);
  abort.abort();
  await assert.rejects(request);
  await settle();
});
