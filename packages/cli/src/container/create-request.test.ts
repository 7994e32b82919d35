import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runOptions } from '../command/run-options.ts';
import { parseWords } from '../command/word-parser.ts';
import { type CreateRequest, createRequest } from './create-request.ts';

function requestFor(line: string): CreateRequest {
  const definition = {
    words: ['run'],
    summary: '',
    arguments: '<image> [command...]',
    passThrough: true,
    options: runOptions,
  };
  const { words, options } = parseWords(
    { ...definition, load: () => Promise.reject(new Error('not loaded')) },
    line.split(' '),
  );
  const [image = '', ...command] = words;
  return createRequest(image, command, options);
}

const published: readonly [line: string, bindings: Record<string, unknown>][] = [
  ['-p 8080:80 busybox', { '80/tcp': [{ HostIp: '', HostPort: '8080' }] }],
  ['-p 80 busybox', { '80/tcp': [{ HostIp: '', HostPort: '' }] }],
  ['-p 127.0.0.1::53/udp busybox', { '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }] }],
  ['-p [::1]:8080:80 busybox', { '80/tcp': [{ HostIp: '::1', HostPort: '8080' }] }],
  [
    '-p 8000-8001:80-81 busybox',
    { '80/tcp': [{ HostIp: '', HostPort: '8000' }], '81/tcp': [{ HostIp: '', HostPort: '8001' }] },
  ],
  [
    '-p 8080:80,from=10.0.0.0/8,via=eth0 busybox',
    { '80/tcp': [{ HostIp: '', HostPort: '8080', Sources: ['10.0.0.0/8'], Interfaces: ['eth0'] }] },
  ],
  ['-p 8000-8010:80 busybox', { '80/tcp': [{ HostIp: '', HostPort: '8000-8010' }] }],
  [
    '-p 8080:80 -p 8081:80 busybox',
    {
      '80/tcp': [
        { HostIp: '', HostPort: '8080' },
        { HostIp: '', HostPort: '8081' },
      ],
    },
  ],
];

for (const [line, bindings] of published) {
  test(`run ${line} asks for its ports`, () => {
    const { HostConfig, ['ExposedPorts']: exposed } = requestFor(line);
    assert.deepEqual(HostConfig['PortBindings'], bindings);
    assert.deepEqual(Object.keys(exposed ?? {}), Object.keys(bindings));
  });
}

test('without any option the image decides', () => {
  const request = requestFor('busybox');
  assert.deepEqual([request['Cmd'], request['Entrypoint'], request.HostConfig['NetworkMode']], [null, null, 'default']);
  assert.deepEqual(request.NetworkingConfig.EndpointsConfig, {});
});

test('addresses and aliases go to the network that was named', () => {
  const { HostConfig, NetworkingConfig } = requestFor('--network app --ip 172.20.0.5 --network-alias web busybox');
  assert.equal(HostConfig['NetworkMode'], 'app');
  assert.deepEqual(NetworkingConfig.EndpointsConfig, {
    app: { IPAMConfig: { IPv4Address: '172.20.0.5' }, Aliases: ['web'] },
  });
});

test('several networks can be asked for, each with its own settings', () => {
  const { HostConfig, NetworkingConfig } = requestFor(
    '--network name=app,alias=a,alias=b --network name=back,ip6=fd00::5 busybox',
  );
  assert.equal(HostConfig['NetworkMode'], 'app');
  assert.deepEqual(NetworkingConfig.EndpointsConfig, {
    app: { Aliases: ['a', 'b'] },
    back: { IPAMConfig: { IPv6Address: 'fd00::5' } },
  });
});

test('limits, mounts and restart policies are numbers and fields', () => {
  const { HostConfig } = requestFor(
    '-m 64m --cpus 1.5 --pids-limit 10 --ulimit nofile=10:20 --restart on-failure:3 --mount type=bind,src=/a,dst=/b,ro --tmpfs /t:size=1m busybox',
  );
  assert.deepEqual([HostConfig['Memory'], HostConfig['NanoCpus'], HostConfig['PidsLimit']], [67108864, 1.5e9, 10]);
  assert.deepEqual(HostConfig['Ulimits'], [{ Name: 'nofile', Soft: 10, Hard: 20 }]);
  assert.deepEqual(HostConfig['RestartPolicy'], { Name: 'on-failure', MaximumRetryCount: 3 });
  assert.deepEqual(HostConfig['Mounts'], [{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }]);
  assert.deepEqual(HostConfig['Tmpfs'], { '/t': 'size=1m' });
});

test('amounts that are none are refused in docker’s words', () => {
  assert.throws(
    () => requestFor('-m lots busybox'),
    /invalid argument "lots" for "--memory" flag: invalid size: 'lots'/,
  );
  assert.throws(() => requestFor('--cpus many busybox'), /failed to parse many as a rational number/);
  assert.throws(() => requestFor('-p 8000-8002:80-81 busybox'), /invalid ranges specified/);
});

test('the program gets the command’s own variable when only a name is given, and loses the image’s where there is none', () => {
  process.env['FAIRLEAD_TEST_VARIABLE'] = 'here';
  assert.deepEqual(requestFor('-e A=b -e FAIRLEAD_TEST_VARIABLE -e NOT_SET_ANYWHERE busybox')['Env'], [
    'A=b',
    'FAIRLEAD_TEST_VARIABLE=here',
    'NOT_SET_ANYWHERE',
  ]);
});

/** Options, and what docker 28.2 puts into `HostConfig` for them. */
const hostFields: readonly [line: string, fields: Record<string, unknown>][] = [
  ['--annotation a=b', { Annotations: { a: 'b' } }],
  ['--blkio-weight 300', { BlkioWeight: 300 }],
  ['--blkio-weight-device /dev/vda:200', { BlkioWeightDevice: [{ Path: '/dev/vda', Weight: 200 }] }],
  ['--device-read-bps /dev/vda:1mb', { BlkioDeviceReadBps: [{ Path: '/dev/vda', Rate: 1048576 }] }],
  ['--device-write-bps /dev/vda:7', { BlkioDeviceWriteBps: [{ Path: '/dev/vda', Rate: 7 }] }],
  ['--device-read-iops /dev/vda:100', { BlkioDeviceReadIOps: [{ Path: '/dev/vda', Rate: 100 }] }],
  ['--device-write-iops /dev/vda:100', { BlkioDeviceWriteIOps: [{ Path: '/dev/vda', Rate: 100 }] }],
  ['--cgroupns private', { CgroupnsMode: 'private' }],
  ['--cpu-period 100000 --cpu-quota 5000', { CpuPeriod: 100_000, CpuQuota: 5000 }],
  ['--cpu-rt-period 1000 --cpu-rt-runtime 500', { CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 500 }],
  ['--cpuset-mems 0', { CpusetMems: '0' }],
  ['--memory-swappiness 50 --oom-score-adj -500', { MemorySwappiness: 50, OomScoreAdj: -500 }],
  ['--oom-kill-disable', { OomKillDisable: true }],
  ['--runtime runc --storage-opt size=1g', { Runtime: 'runc', StorageOpt: { size: '1g' } }],
  ['--security-opt seccomp=builtin', { SecurityOpt: ['seccomp=builtin'] }],
  ['--security-opt no-new-privileges', { SecurityOpt: ['no-new-privileges'] }],
  ['--security-opt systempaths=unconfined', { SecurityOpt: [], MaskedPaths: [], ReadonlyPaths: [] }],
  ['--cap-add net_admin --cap-drop all', { CapAdd: ['CAP_NET_ADMIN'], CapDrop: ['ALL'] }],
  ['--pid container:a --uts host --userns host', { PidMode: 'container:a', UTSMode: 'host', UsernsMode: 'host' }],
];

for (const [line, fields] of hostFields) {
  test(`run ${line} asks for it`, () => {
    const { HostConfig } = requestFor(`${line} busybox`);
    assert.deepEqual(Object.fromEntries(Object.keys(fields).map((name) => [name, HostConfig[name]])), fields);
  });
}

/** What docker 28.2 says of options that cannot be. */
const refused: readonly [line: string, message: string][] = [
  [
    '--blkio-weight-device /dev/vda',
    'invalid argument "/dev/vda" for "--blkio-weight-device" flag: bad format: /dev/vda',
  ],
  [
    '--blkio-weight-device vda:200',
    'invalid argument "vda:200" for "--blkio-weight-device" flag: bad format for device path: vda:200',
  ],
  [
    '--blkio-weight-device /dev/vda:2',
    'invalid argument "/dev/vda:2" for "--blkio-weight-device" flag: invalid weight for device: /dev/vda:2',
  ],
  [
    '--device-write-iops /dev/vda:-1',
    'invalid argument "/dev/vda:-1" for "--device-write-iops" flag: invalid rate for device: /dev/vda:-1. The correct ' +
      'format is <device-path>:<number>. Number must be a positive integer',
  ],
  [
    '--device-write-bps /dev/vda:x',
    'invalid argument "/dev/vda:x" for "--device-write-bps" flag: invalid rate for device: /dev/vda:x. The correct ' +
      'format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb',
  ],
  ['--cgroupns odd', '--cgroupns: invalid CGROUP mode'],
  ['--pid x', '--pid: invalid PID mode'],
  ['--uts x', '--uts: invalid UTS mode'],
  ['--userns x', '--userns: invalid USER mode'],
  ['--memory-swappiness 101', 'invalid value: 101. Valid memory swappiness range is 0-100'],
  ['--security-opt label', 'Invalid --security-opt: "label"'],
  ['--security-opt apparmor=', 'Invalid --security-opt: "apparmor="'],
  ['--security-opt seccomp=/no', 'opening seccomp profile (/no) failed: open /no: no such file or directory'],
  ['--device /dev/null:/dev/x:q', 'bad mode specified: q'],
  [
    '--device-cgroup-rule c',
    'invalid argument "c" for "--device-cgroup-rule" flag: invalid device cgroup format \'c\'',
  ],
  [
    '--ulimit nofile=10:5',
    'invalid argument "nofile=10:5" for "--ulimit" flag: ulimit soft limit must be less than or equal to hard limit: 10 > 5',
  ],
  ['--expose 8080:80', 'invalid port format for --expose: 8080:80'],
  ['--dns x', 'invalid argument "x" for "--dns" flag: IP address is not correctly formatted: x'],
  ['--sysctl net.a', 'invalid argument "net.a" for "--sysctl" flag: sysctl \'net.a\' is not allowed'],
  ['--restart on-failure:x', 'invalid restart policy format: maximum retry count must be an integer'],
  ['--rm --restart always', 'conflicting options: cannot specify both --restart and --rm'],
  ['--label-file /no', 'open /no: no such file or directory'],
  ['--env-file /no', 'open /no: no such file or directory'],
  ['--health-interval x', 'invalid argument "x" for "--health-interval" flag: time: invalid duration "x"'],
  ['--health-timeout 5', 'invalid argument "5" for "--health-timeout" flag: time: invalid duration "5"'],
  ['--health-start-period -5s', '--health-start-period cannot be negative'],
  ['--health-retries -1', '--health-retries cannot be negative'],
  ['--no-healthcheck --health-cmd true', '--no-healthcheck conflicts with --health-* options'],
];

for (const [line, message] of refused) {
  test(`run ${line} is refused in docker’s words`, () => {
    assert.throws(() => requestFor(`${line} busybox`), { code: 'invalid-argument', message });
  });
}

const checks: readonly [line: string, check: unknown][] = [
  ['', undefined],
  ['--no-healthcheck', { Test: ['NONE'] }],
  ['--health-interval 5s', { Interval: 5e9 }],
  [
    '--health-cmd true --health-retries 2 --health-start-interval 1s --health-start-period 1m --health-timeout 300ms',
    { Test: ['CMD-SHELL', 'true'], Timeout: 3e8, StartPeriod: 6e10, StartInterval: 1e9, Retries: 2 },
  ],
];

for (const [line, check] of checks) {
  test(`run ${line || 'alone'} has its health looked after so`, () => {
    assert.deepEqual(requestFor(`${line} busybox`.trim())['Healthcheck'], check);
  });
}

test('labels and profiles are read from files, comments left out, labels of the command line last', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'fairlead-options-'));
  const path = (name: string, text: string) => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const labels = path('labels', 'a=1\n# no\n\nb=2\n');
  assert.deepEqual(requestFor(`--label-file ${labels} --label a=3 busybox`)['Labels'], { a: '3', b: '2' });
  const profile = path('profile', '{\n  "defaultAction": "SCMP_ACT_ALLOW"\n}\n');
  const { HostConfig } = requestFor(`--security-opt seccomp=${profile} busybox`);
  assert.deepEqual(HostConfig['SecurityOpt'], ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']);
  const broken = path('broken', 'x');
  assert.throws(
    () => requestFor(`--security-opt seccomp=${broken} busybox`),
    new RegExp(`compacting json for seccomp profile \\(${broken}\\) failed: `),
  );
});

test('a detached container is attached to nothing, an interactive one to all', () => {
  assert.equal(requestFor('-d busybox')['AttachStdout'], false);
  assert.equal(requestFor('-i busybox')['StdinOnce'], true);
});
