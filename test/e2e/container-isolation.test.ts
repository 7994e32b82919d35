import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import { refusalOf } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';

/** What separates containers from the machine and from each other, seen from inside. */

describe('isolation', { timeout: 120_000 }, () => {
  let engine: EngineHost;
  before(async () => {
    engine = await EngineHost.start();
  });
  after(async () => await engine[Symbol.asyncDispose]());

  const docker = (...words: string[]) => engine.daemon.docker(...words);
  const run = (flags: readonly string[], script: string) =>
    docker('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);
  const fails = async (...flags: string[]) => {
    const ended = await engine.daemon.tryDocker(['run', '--rm', ...flags, 'busybox', 'true']);
    assert.ok(ended.code >= 125, `exit code ${ended.code}: ${ended.stderr}`);
    return refusalOf(ended).replace('Error response from daemon: ', '');
  };

  test('a seccomp profile of one’s own decides', async () => {
    const path = join(engine.host.folder, 'profile.json');
    const syscalls = [
      { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' },
      { names: ['sethostname'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_SYS_ADMIN'] } },
    ];
    writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
    const profile = ['--security-opt', `seccomp=${path}`];
    const look = 'mkdir /x 2>&1; hostname x 2>&1; hostname';
    assert.match(await run(profile, look), /^mkdir: .*not permitted\nhostname: .*not permitted\n/);
    const admin = await run([...profile, '--cap-add', 'SYS_ADMIN'], look);
    assert.match(admin, /^mkdir: .*not permitted\nx\n$/);
  });

  test('the groups of a process have its own among them', async () => {
    assert.match(await run(['--user', '1000:2000', '--group-add', '7'], 'id'), /groups=(2000,7|7,2000)/);
    assert.match(await run([], 'grep Groups /proc/self/status'), /^Groups:\t0 \n$/);
  });

  test('a process that exec starts is held as the container’s own is', async () => {
    // Both limits alike: Go's own runtime raises the lower one now and then, after runc 1.1.5 has set it for an exec.
    const flags = ['--security-opt', 'no-new-privileges', '--ulimit', 'nofile=456:456', '--oom-score-adj', '321'];
    await docker('run', '-d', '--name', 'held', ...flags, 'busybox', 'sleep', '100');
    const look = 'grep NoNewPrivs /proc/self/status; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj';
    assert.equal(await docker('exec', 'held', 'sh', '-c', look), 'NoNewPrivs:\t1\n456\n456\n321\n');
    await docker('run', '-d', '--name', 'free', '--privileged', 'busybox', 'sleep', '100');
    const capabilities = ['grep', 'CapEff', '/proc/self/status'];
    assert.equal(await docker('exec', 'free', ...capabilities), await run(['--privileged'], capabilities.join(' ')));
    assert.notEqual(await docker('exec', 'held', ...capabilities), await docker('exec', 'free', ...capabilities));
    await docker('rm', '-f', 'held', 'free');
  });

  test('control groups have a namespace of their own on demand', async () => {
    const groups = async (...flags: string[]) => (await run(flags, 'cat /proc/self/cgroup')).split('\n');
    assert.ok((await groups('--cgroupns', 'private')).every((line) => line === '' || line.endsWith(':/')));
    assert.ok((await groups('--cgroupns', 'host')).some((line) => line.includes(engine.host.name)));
  });

  test('a device rule lets a process use what it makes', async () => {
    // The numbers of /dev/loop-control, which every machine has.
    const script = 'mknod /d c 10 237; cat /d 2>&1 | head -1';
    assert.match(await run([], script), /not permitted/);
    assert.doesNotMatch(await run(['--device-cgroup-rule', 'c 10:237 rwm'], script), /can't open/);
  });

  test('a directory of devices is all that is in it', async () => {
    const flags = ['--device', '/dev/net:/dev/mine'];
    assert.match(await run(flags, 'ls -l /dev/mine'), /^c.* tun$/m);
  });

  test('/dev/shm is shared with who may, and absent on demand', async () => {
    await docker(
      'run',
      '-d',
      '--name',
      'giver',
      '--ipc',
      'shareable',
      'busybox',
      'sh',
      '-c',
      'echo shared >/dev/shm/f; sleep 100',
    );
    await docker('run', '-d', '--name', 'keeper', 'busybox', 'sleep', '100');
    assert.equal(await run(['--ipc', 'container:giver'], 'until cat /dev/shm/f; do sleep 0.1; done'), 'shared\n');
    assert.match(
      await fails('--ipc', 'container:keeper'),
      /failed to join IPC namespace: container [0-9a-f]{64}: non-shareable IPC/,
    );
    assert.equal(await run(['--ipc', 'none'], 'grep -c " /dev/shm " /proc/mounts; true'), '0\n');
  });

  test('what containers write is out of the reach of other users of the machine', () => {
    const { host } = engine;
    for (const path of [join(host.folder, 'data'), host.pathOf('/run/fairlead/shm')]) {
      assert.equal(statSync(path).mode & 0o777, 0o710, path);
    }
    assert.equal(statSync(join(host.folder, 'data/state.db')).mode & 0o777, 0o600);
  });

  test('/dev/shm is shared on when the daemon was killed, and gone with its container', async () => {
    await docker(
      'run',
      '-d',
      '--name',
      'lasting',
      '--ipc',
      'shareable',
      'busybox',
      'sh',
      '-c',
      'echo kept >/dev/shm/f; sleep 100',
    );
    await engine.daemon.kill9();
    await engine.daemon.restart();
    assert.equal(await run(['--ipc', 'container:lasting'], 'until cat /dev/shm/f; do sleep 0.1; done'), 'kept\n');
    const mounts = () => engine.host.exec('sh', '-c', 'grep -c "/run/fairlead/shm/" /proc/mounts; true');
    const before = Number(await mounts());
    await docker('rm', '-f', 'lasting');
    assert.equal(Number(await mounts()), before - 1);
  });

  test('nothing is hidden or protected on demand', async () => {
    const look = 'grep -c " /proc/" /proc/mounts; true';
    assert.notEqual(await run([], look), '0\n');
    assert.equal(await run(['--security-opt', 'systempaths=unconfined'], look), '0\n');
  });

  for (const [flags, message] of [
    [['--cap-add', 'NOPE'], 'invalid CapAdd: unknown capability: "CAP_NOPE"'],
    [['--security-opt', 'bogus=1'], 'invalid --security-opt 2: "bogus=1"'],
    [['--cpuset-cpus', '999'], /^Requested CPUs are not available - requested 999, available: 0/],
    [['--cpuset-cpus', 'a'], 'Invalid value a for cpuset cpus: invalid format: a'],
    [['--tmpfs', '/t:bogus=1'], 'invalid tmpfs option ["bogus" "1"]'],
    [['--pid', 'container:nosuch'], 'No such container: nosuch'],
    [['--storage-opt', 'size=1g'], "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
    [['--user', '-1'], 'uids and gids must be in range 0-2147483647'],
  ] as const) {
    test(`refused in Docker’s words: ${flags.join(' ')}`, async () => {
      const said = await fails(...flags);
      if (typeof message === 'string') assert.equal(said, message);
      else assert.match(said, message);
    });
  }

  // The docker command of 26 does not send --device-read-bps.
  test('a limit for a device that is not there is refused', async () => {
    const api = new ApiClient(`unix://${engine.daemon.socketPath}`);
    const HostConfig = { BlkioDeviceReadBps: [{ Path: '/dev/nosuch', Rate: 1 << 20 }] };
    await api.text('POST', '/containers/create', { query: { name: 'slowed' }, body: { Image: 'busybox', HostConfig } });
    const message = 'stat /dev/nosuch: no such file or directory';
    await assert.rejects(api.text('POST', '/containers/slowed/start'), { message });
  });

  test('who is told of limits that the kernel does not have', async () => {
    const { stderr } = await engine.daemon.tryDocker([
      'create',
      '--name',
      'weighted',
      '--blkio-weight-device',
      '/dev/null:200',
      'busybox',
    ]);
    assert.match(stderr, /^WARNING: Your kernel does not support Block I\/O weight_device/);
    assert.equal(await docker('inspect', '-f', '{{json .HostConfig.BlkioWeightDevice}}', 'weighted'), '[]\n');
    assert.equal(await docker('create', '--name', 'open', '--privileged', 'busybox').then((id) => id.length), 65);
    assert.equal(await docker('inspect', '-f', '{{json .HostConfig.SecurityOpt}}', 'open'), '["label=disable"]\n');
  });
});
