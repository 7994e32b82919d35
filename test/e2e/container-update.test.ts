import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually, LifeRig } from './life-rig.ts';

/** Limits and restart policies that change while a container exists, and the removal of all that has ended. */

let rig: LifeRig;

const forever = ['busybox', 'sleep', '1000'];
const docker = (...words: string[]) => rig.daemon.docker(...words);
const failing = async (...words: string[]) => (await rig.daemon.tryDocker(words)).stderr;
const run = (name: string, ...words: string[]) => docker('run', '-d', '--network', 'none', '--name', name, ...words);

before(async () => {
  rig = await LifeRig.start();
});

after(() => rig[Symbol.asyncDispose]());

afterEach(() => rig.removeAll());

/** What the kernel says inside of a container: processes, bytes of memory. The two versions of control groups differ. */
async function limits(name: string): Promise<string> {
  const either = (first: string, second: string) =>
    `cat /sys/fs/cgroup/${first} 2>/dev/null || cat /sys/fs/cgroup/${second}`;
  const command = `${either('pids/pids.max', 'pids.max')}; ${either('memory/memory.limit_in_bytes', 'memory.max')}`;
  return (await docker('exec', name, 'sh', '-c', command)).trim().replace('\n', ' ');
}

const MiB = 1024 * 1024;

test('limits of a running container change at once and stay after a restart', async () => {
  await run('web', '-m', '32m', '--pids-limit', '100', ...forever);
  assert.equal(await limits('web'), `100 ${32 * MiB}`);
  const since = Date.now() / 1000;
  assert.equal(await docker('update', '-m', '48m', '--pids-limit', '50', '--cpu-shares', '512', 'web'), 'web\n');
  assert.equal(await limits('web'), `50 ${48 * MiB}`);
  await docker('update', '-m', '96m', '--memory-swap', '128m', '--pids-limit', '-1', 'web');
  assert.equal(await limits('web'), `max ${96 * MiB}`);
  const shown = '{{.Memory}} {{.MemorySwap}} {{.PidsLimit}} {{.CpuShares}}';
  const inspected = await docker('inspect', '-f', `{{with .HostConfig}}${shown}{{end}}`, 'web');
  assert.equal(inspected, `${96 * MiB} ${128 * MiB} 0 512\n`);
  assert.deepEqual(
    (await rig.events(since)).filter((event) => event.includes('update')),
    ['container update', 'container update'],
  );
  await docker('restart', '-t', '0', 'web');
  assert.equal((await limits('web')).split(' ')[1], String(96 * MiB));
});

test('limits of a container that does not run hold from its start', async () => {
  await docker('create', '--name', 'web', '--network', 'none', '-m', '32m', ...forever);
  await docker('update', '--pids-limit', '33', 'web');
  await docker('start', 'web');
  assert.equal(await limits('web'), `33 ${32 * MiB}`);
});

test('what cannot be changed is refused in Docker’s words, and nothing has changed', async () => {
  const id = (await run('web', '-m', '32m', '--cpus', '0.5', ...forever)).trim();
  await run('brief', '--rm', ...forever);
  const cases: readonly (readonly [string[], string])[] = [
    [
      ['-m', '100m', 'web'],
      `Cannot update container ${id}: Memory limit should be smaller than already set memoryswap limit, update the me`,
    ],
    [
      ['--cpu-quota', '5000', 'web'],
      'Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set',
    ],
    [['-m', '1m', 'web'], 'Minimum memory limit allowed is 6MB'],
    [['--cpus', '99', 'web'], 'range of CPUs is from 0.01 to '],
    [
      ['--restart', 'always', 'brief'],
      'Restart policy cannot be updated because AutoRemove is enabled for the container',
    ],
    [['--restart', 'often', 'web'], "invalid restart policy: unknown policy 'often'"],
    [['--pids-limit', '5', 'nobody'], 'No such container: nobody'],
    [['--cpuset-mems', '77', 'web'], 'Requested memory nodes are not available - requested 77, available: 0'],
  ];
  for (const [words, text] of cases) {
    const said = await failing('update', ...words);
    assert.ok(said.includes(text), `${words.join(' ')}: ${said}`);
  }
  assert.equal((await limits('web')).split(' ')[1], String(32 * MiB));
  assert.equal(await docker('inspect', '-f', '{{.HostConfig.CpusetMems}}', 'web'), '\n');
});

test('a restart policy holds from the next end on', async () => {
  await run('late', 'busybox', 'sh', '-c', 'while ! test -f /tmp/end; do sleep 0.05; done; exit 3');
  await docker('update', '--restart', 'on-failure:2', 'late');
  await docker('exec', 'late', 'touch', '/tmp/end');
  await eventually('it was started twice and has ended', async () => {
    const { RestartCount, State } = await rig.inspect('late');
    return RestartCount === 2 && State.Status === 'exited';
  });
  await run('tired', '--restart', 'always', 'busybox', 'false');
  await docker('update', '--restart', 'no', 'tired');
  await eventually('it has ended for good', async () => (await rig.state('tired')).Status === 'exited');
});

test('prune removes what has ended, by label and age, and leaves what runs or is about to', async () => {
  await run('runs', ...forever);
  await run('frozen', ...forever);
  await docker('pause', 'frozen');
  await run('waits', '--restart', 'always', 'busybox', 'false');
  await docker('create', '--name', 'fresh', '--label', 'keep', 'busybox');
  await docker('run', '--name', 'ended', '--network', 'none', 'busybox', 'true');
  const names = async () => (await docker('ps', '-a', '--format', '{{.Names}}')).trim().split('\n').sort().join();
  const prune = (...filters: string[]) =>
    docker('container', 'prune', '-f', ...filters.flatMap((filter) => ['--filter', filter]));
  assert.equal(await prune('until=1h'), 'Total reclaimed space: 0B\n');
  assert.equal(await prune('label=nothing'), 'Total reclaimed space: 0B\n');
  const { Id } = await rig.inspect('ended');
  assert.match(await prune('label!=keep'), new RegExp(`^Deleted Containers:\n${Id}\n\nTotal reclaimed space: `));
  assert.equal(await names(), 'fresh,frozen,runs,waits');
  await prune();
  assert.equal(await names(), 'frozen,runs,waits');
  assert.match(await failing('container', 'prune', '-f', '--filter', 'status=exited'), /invalid filter 'status'/);
});
