import assert from 'node:assert/strict';
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from '../lab/registry.ts';
import { Dice } from './dice.ts';
import { EngineHost } from './engine-host.ts';
import { difference, InterruptionRig, type Remains, type Victim, victims } from './interruption-rig.ts';
import { eventually, outputOf } from './life-rig.ts';

/**
 * The daemon, containerd, and both at once are killed while much goes on: containers do not notice, their state is right
 * as soon as the API answers, what was cut off can be done again, and nothing half-made is left.
 */

/** Begins something, and returns what is to be done when all is back: doing it again, and removing what it made. */
type Activity = () => Promise<(victim: Victim) => Promise<void>>;

/** What a container that runs all the time must keep. */
interface Inspected {
  readonly Id: string;
  readonly State: { readonly Status: string; readonly Pid: number; readonly StartedAt: string };
}

let engine: EngineHost;
let rig: InterruptionRig;
let registry: string;
let idle: Remains;
let steady: Inspected;

const archive = () => join(engine.host.folder, 'loaded.tar');
const layerSize = 2_000_000;

before(async () => {
  engine = await EngineHost.start();
  rig = new InterruptionRig(engine.host, engine.daemon);
  registry = (await Registry.start(engine.host)).address;
  await Promise.all([makeImage(`${registry}/pulled`), makeImage('loaded')]);
  await rig.docker('push', `${registry}/pulled`);
  await rig.docker('save', '-o', archive(), 'loaded');
  await rig.docker('rmi', `${registry}/pulled`, 'loaded');
  await rig.docker('network', 'create', 'app');
  const forever = 'while :; do i=$((i+1)); echo $i; sleep 0.02; done';
  await rig.docker(
    'run',
    '-d',
    '--name',
    'steady',
    '--network',
    'app',
    '-p',
    '8080:80',
    'busybox',
    'sh',
    '-c',
    forever,
  );
  steady = await inspect('steady');
  idle = { ...(await rig.remains()), layers: rig.layers() };
});

after(() => engine[Symbol.asyncDispose]());

const inspect = (name: string) => rig.api.json<Inspected>('GET', `/containers/${name}/json`);

/** An image of three files that nothing compresses. */
async function makeImage(name: string): Promise<void> {
  const container = `for-${name.replace(/\W/g, '-')}`;
  const fill = `for n in 1 2 3; do head -c ${layerSize} /dev/urandom >/$n; done`;
  await rig.docker('run', '--name', container, 'busybox', 'sh', '-c', fill);
  await rig.docker('commit', container, name);
  await rig.docker('rm', container);
}

/** What is asked for once more after the blow, and then makes an image that is whole. */
function making(image: () => string, work: () => Promise<unknown>): Activity {
  return async () => {
    const first = work().catch(() => {});
    return async () => {
      await first;
      await work();
      const count = await rig.docker('run', '--rm', image(), 'sh', '-c', 'cat /1 /2 /3 | wc -c');
      assert.equal(Number(count), 3 * layerSize, image());
      await rig.docker('rmi', image());
    };
  };
}

let builds = 0;

async function build(): Promise<void> {
  const folder = join(engine.host.folder, 'context');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'data'), Buffer.alloc(layerSize, 'x'));
  // Nothing of it may be found in the cache.
  const lines = ['FROM busybox', `ENV n=${builds++}`, 'COPY data /1', 'RUN cp /1 /2', 'VOLUME /v', 'RUN cp /1 /3'];
  writeFileSync(join(folder, 'Dockerfile'), lines.join('\n'));
  const { code, stderr } = await engine.daemon.tryDocker(['build', '-t', 'built', folder], {
    env: { DOCKER_BUILDKIT: '0' },
  });
  assert.equal(code, 0, stderr);
}

async function runAndRemove(): Promise<void> {
  const words = [
    '--name',
    'mortal',
    '--network',
    'app',
    '-p',
    '9000:80',
    '-v',
    '/anonymous',
    'busybox',
    'sleep',
    '1000',
  ];
  await rig.docker('run', '-d', ...words);
  await rig.docker('rm', '-f', '-v', 'mortal');
}

/** Containers come and go. One that was there when the blow fell is there in full, or not at all. */
const starting: Activity = async () => {
  const first = (async () => {
    for (let round = 0; round < 2; round++) await runAndRemove();
  })().catch(() => {});
  return async () => {
    await first;
    const all = await rig.api.json<{ State: string; Names: string[] }[]>('GET', '/containers/json', {
      query: { all: true },
    });
    for (const { State } of all) assert.match(State, /^(created|running|exited)$/);
    if (all.some(({ Names }) => Names.includes('/mortal'))) await rig.docker('rm', '-f', '-v', 'mortal');
    await runAndRemove();
  };
};

/** Lines that are numbered, as fast as they can be written: all are there, in order. */
const logging: Activity = async () => {
  const count = 60_000;
  await rig.docker('run', '-d', '--name', 'loud', 'busybox', 'seq', '1', `${count}`);
  return async () => {
    assert.equal(await rig.docker('wait', 'loud'), '0\n');
    const numbers = (await rig.docker('logs', 'loud')).trimEnd().split('\n').map(Number);
    const gaps = numbers.filter((number, index) => number !== (numbers[index - 1] ?? 0) + 1);
    assert.equal(numbers.at(-1), count);
    assert.deepEqual(gaps, [], 'no line is lost, and none is there twice');
    await rig.docker('rm', 'loud');
  };
};

/** A command goes on without those who watch it; one that nobody reads is not held up. */
const commanding: Activity = async () => {
  const exec = async (command: string) => {
    const body = { Cmd: ['sh', '-c', command], AttachStdout: true };
    return (await rig.api.json<{ Id: string }>('POST', '/containers/steady/exec', { body })).Id;
  };
  const Id = await exec('sleep 1; echo done; exit 3');
  const output = outputOf(await rig.api.hijack(`/exec/${Id}/start`, { body: { Detach: false, Tty: false } }));
  output.catch(() => {});
  const unread = await exec('sleep 1; head -c 300000 /dev/zero; touch /unread-has-ended');
  await rig.api.hijack(`/exec/${unread}/start`, { body: { Detach: false, Tty: false } });
  return async (victim) => {
    const words = ['exec', 'steady', 'rm', '/unread-has-ended'];
    await eventually('the command that nobody reads ends', async () => {
      return (await engine.daemon.tryDocker(words)).code === 0;
    });
    if (victims[victim].daemon) return;
    assert.equal(await output, 'done\n');
    assert.equal((await rig.api.json<{ ExitCode: number }>('GET', `/exec/${Id}/json`)).ExitCode, 3);
  };
};

/** Who follows a container is told that the daemon has gone, and does not notice that containerd has. */
const following: Activity = async () => {
  const loop = 'i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo $i; usleep 5000; done';
  await rig.docker('run', '-d', '--name', 'counter', 'busybox', 'sh', '-c', loop);
  const log = await rig.api.open('GET', '/containers/counter/logs', { query: { follow: 1, stdout: 1 } });
  const attached = await rig.api.hijack('/containers/counter/attach', { query: { stream: 1, stdout: 1, logs: 1 } });
  const others = await Promise.all(['/containers/steady/stats', '/events'].map((path) => rig.api.open('GET', path)));
  const texts = Promise.all([log, attached].map((stream) => outputOf(stream).catch(() => undefined)));
  const ends = Promise.all(others.map((stream) => stream.forEach(() => {}).catch(() => {})));
  return async (victim) => {
    assert.equal(await rig.docker('wait', 'counter'), '0\n');
    const whole = Array.from({ length: 200 }, (_, index) => `${index + 1}\n`).join('');
    assert.equal(await rig.docker('logs', 'counter'), whole);
    if (!victims[victim].daemon) {
      assert.deepEqual(await texts, [whole, whole]);
      for (const stream of others) assert.ok(!stream.closed && stream.destroy());
    }
    await Promise.all([texts, ends]);
    await rig.docker('rm', 'counter');
  };
};

const activities: Readonly<Record<string, readonly Activity[]>> = {
  'nothing goes on': [],
  'images and containers come and go': [
    making(
      () => `${registry}/pulled`,
      () => rig.docker('pull', `${registry}/pulled`),
    ),
    making(
      () => 'loaded',
      () => rig.api.text('POST', '/images/load', { stream: createReadStream(archive()) }),
    ),
    making(() => 'built', build),
    starting,
  ],
  'containers are listened to': [logging, commanding, following],
};

const dice = new Dice();

/** What a crash has cut off can turn up a moment later, and goes then. Looking takes seven programs. */
async function assertIdle(
  now: () => Promise<Remains> = async () => ({ ...(await rig.remains()), layers: idle['layers'] ?? [] }),
): Promise<void> {
  let left = difference(idle, await now());
  for (let attempt = 0; attempt < 100 && left !== ''; attempt++) {
    await sleep(200);
    left = difference(idle, await now());
  }
  assert.equal(left, '');
}

for (const [what, begin] of Object.entries(activities)) {
  for (const victim of Object.keys(victims) as Victim[]) {
    test(`${what}, and ${victim} ${victim.includes(' and ') ? 'are' : 'is'} killed`, async (t) => {
      const finish = await Promise.all(begin.map((activity) => activity()));
      const delay = begin.length === 0 ? 0 : dice.upTo(700);
      t.diagnostic(`seed ${dice.seed}, after ${Math.round(delay)} ms`);
      await sleep(delay);
      await rig.interrupt(victim);
      const { Id, State } = await inspect('steady');
      assert.deepEqual({ Id, State }, { Id: steady.Id, State: steady.State });
      for (const again of finish) await again(victim);
      // Steps that were complete before the blow are the cache of a build.
      await rig.docker('image', 'prune', '-f');
      await assertIdle();
    });
  }
}

test('no layer is left on the disk when containerd has collected its garbage', async () => {
  // A collection that is asked for at once.
  const ctr = ['ctr', '-a', '/run/fairlead/containerd/containerd.sock', '-n', 'fairlead'];
  const lease = (await engine.host.exec(...ctr, 'leases', 'create')).trim();
  await engine.host.exec(...ctr, 'leases', 'delete', '--sync', lease);
  await assertIdle(async () => ({ ...idle, layers: rig.layers() }));
});
