import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, eventuallyEqual, LifeRig, outputOf } from './life-rig.ts';

/** What happens to containers between creation and removal, above all when several clients are at it at once. */

let rig: LifeRig;
let idle: Awaited<ReturnType<LifeRig['leftovers']>>;

const forever = ['sleep', '1000'];
/** Ends at once when it is asked to, once it has said that it can be. */
const polite = ['sh', '-c', 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done'];
const zeroTime = '0001-01-01T00:00:00Z';
const none = { HostConfig: { NetworkMode: 'none' } };

before(async () => {
  rig = await LifeRig.start();
  idle = await rig.leftovers();
});

after(() => rig[Symbol.asyncDispose]());

afterEach(async () => {
  await rig.removeAll();
  await assertIdle();
});

const assertIdle = () => eventuallyEqual(() => rig.leftovers(), idle);

/** Wait for the word of {@link polite}. */
const whenReady = (name: string) => eventually(`${name} is ready`, async () => (await logOf(name)) === 'ready\n');
const logOf = async (name: string) =>
  outputOf(await rig.api.open('GET', `/containers/${name}/logs`, { query: { stdout: 1 } }));

/** Lines of a terminal. */
async function firstLines(stream: AsyncIterable<Buffer>, count: number): Promise<string[]> {
  let text = '';
  for await (const data of stream) {
    text += data;
    const lines = text.split('\r\n');
    if (lines.length > count) return lines.slice(0, count);
  }
  assert.fail(`the output ended after ${text.length} bytes`);
}

test('a container that is started, stopped and removed by everybody at once ends up removed', async () => {
  for (let round = 0; round < 3; round++) {
    await rig.create('all', polite, none);
    const jobs = [
      () => rig.post('all', 'start'),
      () => rig.post('all', 'stop', { t: 1 }),
      () => rig.post('all', 'start'),
      () => rig.post('all', 'restart', { t: 1 }),
      () => rig.post('all', 'kill'),
      () => rig.remove('all'),
      () => rig.post('all', 'start'),
    ];
    const results = await Promise.allSettled(
      jobs.map(async (job, index) => {
        await sleep(index * round * 10);
        await job();
      }),
    );
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      assert.match(result.reason.message, /^$|No such container|is not running|marked for removal|already in progress/);
    }
    await assert.rejects(rig.inspect('all'), { code: 'not-found' });
    await assertIdle();
  }
});

test('removal by force while it starts waits for the start and undoes it', async () => {
  await rig.create('hasty', forever);
  const starting = rig.post('hasty', 'start');
  await sleep(20);
  await rig.remove('hasty');
  await starting;
  await assert.rejects(rig.inspect('hasty'), { code: 'not-found' });
});

test('a running container cannot be started, removed or renamed to a name that is taken', async () => {
  const id = await rig.run('one', forever, none);
  await rig.create('two', forever, none);
  await assert.rejects(rig.post('one', 'start'), { code: 'not-modified' });
  const running =
    'cannot remove container "/one": container is running: stop the container before removing or force remove';
  await assert.rejects(rig.api.text('DELETE', '/containers/one'), { code: 'conflict', message: running });
  await assert.rejects(rig.post('two', 'rename', { name: 'one' }), { code: 'conflict' });
  await rig.post('one', 'rename', { name: 'uno' });
  assert.equal((await rig.inspect('uno')).Id, id);
  await rig.post('uno', 'stop', { t: 0 });
  await assert.rejects(rig.post('uno', 'stop'), { code: 'not-modified' });
  const message = `cannot kill container: uno: container ${id} is not running`;
  await assert.rejects(rig.post('uno', 'kill'), { code: 'conflict', message });
});

test('a container that does not stop by itself is killed after its time, and one that does is not', async () => {
  await rig.run('stubborn', forever, none);
  const begin = Date.now();
  await rig.post('stubborn', 'stop', { t: 1 });
  assert.ok(Date.now() - begin >= 1000);
  assert.equal((await rig.state('stubborn')).ExitCode, 137);
  await rig.run('polite', polite, none);
  await whenReady('polite');
  await rig.post('polite', 'stop', { t: 20 });
  const { Status, ExitCode, Pid, Running } = await rig.state('polite');
  assert.deepEqual([Status, ExitCode, Pid, Running], ['exited', 7, 0, false]);
});

test('a paused container can be stopped, killed and removed', async () => {
  for (const [name, end] of Object.entries({
    stopped: () => rig.post('stopped', 'stop', { t: 5 }),
    killed: () => rig.post('killed', 'kill'),
    removed: () => rig.remove('removed'),
  })) {
    const id = await rig.run(name, polite, none);
    await whenReady(name);
    await rig.post(name, 'pause');
    const { Status, Running, Paused } = await rig.state(name);
    assert.deepEqual([Status, Running, Paused], ['paused', true, true]);
    await assert.rejects(rig.post(name, 'pause'), { code: 'conflict', message: `container ${id} is already paused` });
    const exec = `Container ${name} is paused, unpause the container before exec`;
    await assert.rejects(rig.createExec(name, ['true']), { code: 'conflict', message: exec });
    await assert.rejects(rig.api.text('DELETE', `/containers/${name}`), {
      message: `cannot remove container "/${name}": container is paused and must be unpaused first`,
    });
    await end();
  }
  assert.equal((await rig.state('stopped')).ExitCode, 7);
  assert.equal((await rig.state('killed')).ExitCode, 137);
});

test('who attaches with the log gets what was said before and what follows, each line once', async () => {
  const count = 'i=0; while :; do for _ in 1 2 3 4 5 6 7 8; do i=$((i+1)); echo $i; done; sleep 0.001; done';
  await rig.run('counting', ['sh', '-c', count], { ...none, Tty: true });
  for (let attempt = 1; attempt <= 20; attempt++) {
    const attached = await rig.attach('counting', { logs: 1 });
    const lines = await firstLines(attached, attempt * 150);
    attached.destroy();
    const wrong = lines.findIndex((line, index) => line !== `${index + 1}`);
    assert.equal(wrong, -1, `line ${wrong + 1} is ${lines[wrong]}`);
  }
});

test('a signal that does not end a container reaches it', async () => {
  await rig.run('deaf', ['sh', '-c', 'trap "echo heard" USR1; echo ready; while :; do sleep 0.05; done'], none);
  const attached = await rig.attach('deaf', { logs: 1 });
  const iterator = attached[Symbol.asyncIterator]();
  await iterator.next();
  await rig.post('deaf', 'kill', { signal: 'USR1' });
  assert.match(String((await iterator.next()).value), /heard/);
  attached.destroy();
  await assert.rejects(rig.post('deaf', 'kill', { signal: 'NOSUCH' }), {
    message: 'cannot kill container: deaf: invalid signal: NOSUCH',
  });
  assert.equal((await rig.state('deaf')).Running, true);
});

test('everybody who waits is told when it is time', async () => {
  await rig.create('awaited', ['sh', '-c', 'sleep 0.2; exit 5'], none);
  const waits = await Promise.all(['next-exit', 'removed'].map((condition) => rig.wait('awaited', condition)));
  assert.equal(await (await rig.wait('awaited', 'not-running')).code, 0, 'it does not run yet');
  await rig.post('awaited', 'start');
  const running = await rig.wait('awaited', 'not-running');
  assert.deepEqual([await waits[0]?.code, await running.code], [5, 5]);
  const isRemoved = await Promise.race([waits[1]?.code, sleep(50, 'not yet')]);
  assert.equal(isRemoved, 'not yet');
  await rig.remove('awaited');
  assert.equal(await waits[1]?.code, 5);
});

test('what removes itself goes when it ends and when it cannot start, and stays while it is restarted', async () => {
  const own = { HostConfig: { AutoRemove: true, NetworkMode: 'none' } };
  await rig.create('brief', ['true'], own);
  const removed = await rig.wait('brief', 'removed');
  await rig.post('brief', 'start');
  assert.equal(await removed.code, 0);
  await assert.rejects(rig.inspect('brief'), { code: 'not-found' });

  await rig.create('never', ['absent'], own);
  await assert.rejects(rig.post('never', 'start'));
  await assert.rejects(rig.inspect('never'), { code: 'not-found' });

  const id = await rig.run('again', forever, own);
  const { Pid } = await rig.state('again');
  await rig.post('again', 'restart', { t: 0 });
  const after = await rig.inspect('again');
  assert.equal(after.Id, id);
  assert.ok(after.State.Running && after.State.Pid !== Pid);
  await rig.post('again', 'stop', { t: 0 });
  await assert.rejects(rig.inspect('again'), { code: 'not-found' });
});

test('a start that fails leaves the container as it was, with the reason, and nothing else', async () => {
  await rig.api.text('POST', '/networks/create', { body: { Name: 'fleeting' } });
  await rig.run('holder', forever, { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } } });
  await rig.create('stopped', ['true'], none);
  const withHolder = await rig.leftovers();
  const cases: [
    title: string,
    command: string[],
    body: Record<string, unknown>,
    code: string,
    exit: number,
    words: RegExp,
  ][] = [
    [
      'no such program',
      ['absent'],
      none,
      'invalid-argument',
      127,
      /exec: "absent": executable file not found in \$PATH/,
    ],
    ['no such file', ['/absent'], none, 'invalid-argument', 127, /exec: "\/absent": .*no such file or directory/],
    ['not executable', ['/etc/passwd'], none, 'invalid-argument', 126, /exec: "\/etc\/passwd": .*permission denied/],
    [
      'no such user',
      ['true'],
      { ...none, User: 'ghost' },
      'internal',
      128,
      /^unable to find user ghost: no matching entries in passwd file$/,
    ],
    [
      'no such device',
      ['true'],
      {
        HostConfig: {
          NetworkMode: 'none',
          Devices: [{ PathOnHost: '/dev/absent', PathInContainer: '', CgroupPermissions: '' }],
        },
      },
      'internal',
      128,
      /^error gathering device information while adding custom device "\/dev\/absent": no such file or directory$/,
    ],
    [
      'a file on a directory',
      ['true'],
      { HostConfig: { NetworkMode: 'none', Binds: ['/etc/passwd:/etc'] } },
      'invalid-argument',
      127,
      /Are you trying to mount a directory onto a file \(or vice-versa\)\?/,
    ],
    [
      'a port that is taken',
      ['true'],
      { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } } },
      'internal',
      128,
      /^failed to set up container networking: driver failed programming external connectivity on endpoint failing .*Bind for .*:8080 failed: port is already allocated/,
    ],
    [
      'a network that has gone',
      ['true'],
      { HostConfig: { NetworkMode: 'fleeting' } },
      'not-found',
      128,
      /^failed to set up container networking: network fleeting not found$/,
    ],
    [
      'a donor that does not run',
      ['true'],
      { HostConfig: { NetworkMode: 'container:stopped' } },
      'conflict',
      128,
      /cannot join network namespace of a non running container: container [0-9a-f]{64} is created$/,
    ],
  ];
  for (const [title, command, body, code, exit, words] of cases) {
    await rig.create('failing', command, body);
    if (title.includes('has gone')) await rig.api.text('DELETE', '/networks/fleeting');
    await assert.rejects(rig.post('failing', 'start'), (error: Error & { code: string }) => {
      assert.match(error.message, words);
      assert.equal(error.code, code);
      return true;
    });
    const { Status, ExitCode, Error: reason, Pid, StartedAt, FinishedAt } = await rig.state('failing');
    assert.deepEqual([Status, ExitCode, Pid, StartedAt, FinishedAt], ['created', exit, 0, zeroTime, zeroTime]);
    assert.match(reason, words);
    assert.equal((await rig.leftovers())['tasks']?.length, 1);
    await rig.remove('failing');
    await eventuallyEqual(() => rig.leftovers(), withHolder);
  }
});

test('a container that could not start can, once the reason is gone', async () => {
  const ports = { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8081' }] } } };
  await rig.run('first', forever, ports);
  await rig.create('second', forever, ports);
  await assert.rejects(rig.post('second', 'start'), /port is already allocated/);
  await rig.post('first', 'stop', { t: 0 });
  await rig.post('second', 'start');
  const { Status, Error: reason, ExitCode, FinishedAt } = await rig.state('second');
  assert.deepEqual([Status, reason, ExitCode, FinishedAt], ['running', '', 0, zeroTime]);
});

test('events come in Docker’s order and say what Docker says', async () => {
  await sleep(1100);
  const since = Date.now() / 1000;
  await rig.run('told', polite, { HostConfig: { NetworkMode: 'bridge', AutoRemove: true } });
  await whenReady('told');
  await rig.post('told', 'pause');
  await rig.post('told', 'stop');
  await eventuallyEqual(
    () => rig.events(since, 'signal', 'exitCode', 'execDuration'),
    [
      'container create',
      'network connect',
      'container start',
      'container pause',
      'container kill signal=15',
      'container unpause',
      'container die exitCode=7 execDuration=0',
      'network disconnect',
      'container stop',
      'container destroy',
    ],
  );
});
