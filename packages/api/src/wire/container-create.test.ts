import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '@fairlead/engine';
import { parseCreate } from './container-create.ts';

const message = (body: Json, version = 51): string => {
  try {
    parseCreate(body, version);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'accepted';
};
test('values that no kernel would take are refused here', () => {
  const cases: readonly (readonly [Json, RegExp])[] = [
    [{ Image: 'x', HostConfig: { Memory: 1e30 } }, /cannot unmarshal number .* of type int64/],
    [{ Image: 'x', HostConfig: { NanoCpus: 1e14 } }, /range of CPUs is from 0\.01 to \d+\.00/],
    [{ Image: 'x', HostConfig: { OomScoreAdj: 1001 } }, /Invalid value 1001, range for oom score adj/],
    [{ Image: 'x', HostConfig: { BlkioWeight: 5 } }, /Range of blkio weight is from 10 to 1000/],
    [{ Image: 'x', HostConfig: { CpuShares: -1 } }, /invalid CPU shares \(-1\): value must be a positive integer/],
    [{ Image: 'x', HostConfig: { Ulimits: [{ Name: 'files', Soft: 1, Hard: 1 }] } }, /invalid ulimit type: files/],
    [{ Image: 'x', Env: ['A=\0'] }, /invalid environment variable: A=/],
    [{ Image: 'x', StopSignal: 'FOO' }, /invalid signal: FOO/],
  ];
  for (const [body, text] of cases) assert.match(message(body), text);
});

test('no network and the host’s go with no other', () => {
  const text = (mode: string, name: string) =>
    message({ Image: 'x', HostConfig: { NetworkMode: mode }, NetworkingConfig: { EndpointsConfig: { [name]: {} } } });
  assert.equal(text('none', 'bridge'), 'Container cannot be connected to network endpoints: bridge, none');
  assert.equal(text('', 'host'), 'Container cannot be connected to network endpoints: bridge, host');
  assert.equal(text('none', 'none'), 'accepted');
  assert.equal(text('host', 'default'), 'accepted');
});

const host = (value: Json): Json => ({ Image: 'x', HostConfig: value });

test('the smallest request has the defaults of Docker', () => {
  const config = parseCreate({ Image: 'busybox' }, 51);
  assert.equal(config.host.networkMode, 'bridge');
  assert.equal(config.host.shmSize, 0);
  assert.equal(config.host.ipcMode, '', 'the daemon decides');
  assert.deepEqual(config.host.restartPolicy, { name: 'no', maximumRetryCount: 0 });
  assert.deepEqual(config.host.logConfig, { type: '', options: {} });
  assert.deepEqual(config.networks, [{ network: 'bridge', config: {} }]);
  assert.equal(config.entrypoint, null);
});

test('a command may be a text or a list', () => {
  assert.deepEqual(parseCreate({ Image: 'x', Cmd: 'true' }, 51).command, ['true']);
  assert.deepEqual(parseCreate({ Image: 'x', Cmd: ['a', 'b'], Entrypoint: [''] }, 51).entrypoint, ['']);
});

test('the network of the mode comes first, and default stands for it', () => {
  const networks = (mode: string, names: readonly string[]): string[] =>
    parseCreate(
      {
        Image: 'x',
        HostConfig: { NetworkMode: mode },
        NetworkingConfig: { EndpointsConfig: Object.fromEntries(names.map((name) => [name, { Aliases: [name] }])) },
      },
      51,
    ).networks.map(({ network, config }) => `${network}:${config.aliases?.join() ?? ''}`);
  assert.deepEqual(networks('b', ['a', 'b', 'c']), ['b:b', 'a:a', 'c:c']);
  assert.deepEqual(networks('b', ['a']), ['b:', 'a:a']);
  assert.deepEqual(networks('default', ['default']), ['bridge:default']);
  assert.deepEqual(networks('container:x', ['a']), []);
});

test('fields that nothing acts on are kept by their canonical names', () => {
  const { other } = parseCreate(
    {
      Image: 'x',
      shell: ['/bin/ash'],
      Nonsense: 1,
      HostConfig: { runtime: 'crun', VolumesFrom: null, MemorySwappiness: -1, CgroupnsMode: '', Privileged: true },
    },
    51,
  );
  assert.deepEqual(other, { config: { Shell: ['/bin/ash'] }, host: { Runtime: 'crun' } });
});

test('settings of an interface move to the endpoint for older clients only', () => {
  const body = host({ Sysctls: { 'net.ipv4.conf.eth0.log_martians': '1', 'net.core.somaxconn': '9' } });
  const config = parseCreate(body, 47);
  assert.deepEqual(config.host.sysctls, { 'net.core.somaxconn': '9' });
  assert.deepEqual(config.networks[0]?.config.driverOptions, {
    'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1',
  });
  assert.match(message(body, 48), /must be supplied using driver option/);
});

test('a MAC address of the container belongs to its main network', () => {
  const config = parseCreate({ Image: 'x', MacAddress: '02:00:00:00:00:01' }, 43);
  assert.equal(config.networks[0]?.config.macAddress, '02:00:00:00:00:01');
});

test('requests that contradict themselves are refused in the words of Docker', () => {
  const joined = { NetworkMode: 'container:web' };
  const undefinedBehavior = 'This would result in undefined behavior';
  for (const [body, expected] of [
    [{}, 'config cannot be empty in order to create a container'],
    [host({ NetworkMode: 'container:' }), 'invalid network mode: invalid container format container:<name|id>'],
    [{ Image: 'x', Hostname: 'h', HostConfig: joined }, 'conflicting options: hostname and the network mode'],
    [host({ ...joined, Dns: ['1.1.1.1'] }), 'conflicting options: dns and the network mode'],
    [
      host({ ...joined, ExtraHosts: ['a:1.1.1.1'] }),
      'conflicting options: custom host-to-IP mapping and the network mode',
    ],
    [host({ ExtraHosts: ['a=1.1.1.1'] }), 'bad format for add-host: "a=1.1.1.1"'],
    [host({ ExtraHosts: ['a:1.1.1.1', 'b:x'] }), 'invalid IP address in add-host: "x"'],
    [
      host({ ...joined, PortBindings: { '80/tcp': [] } }),
      'conflicting options: port publishing and the container type network mode',
    ],
    [
      host({ ...joined, PublishAllPorts: true }),
      'conflicting options: port publishing and the container type network mode',
    ],
    [
      { Image: 'x', ExposedPorts: { '80/tcp': {} }, HostConfig: joined },
      'conflicting options: port exposing and the container type network mode',
    ],
    [
      host({ ...joined, Links: ['a:b'] }),
      `conflicting options: container type network can't be used with links. ${undefinedBehavior}`,
    ],
    [
      host({ NetworkMode: 'host', Links: ['a:b'] }),
      `conflicting options: host type networking can't be used with links. ${undefinedBehavior}`,
    ],
    [{ Image: 'x', Hostname: 'h', HostConfig: { UTSMode: 'host' } }, 'conflicting options: hostname and the UTS mode'],
    [
      { Image: 'x', NetworkingConfig: { EndpointsConfig: { n: null } } },
      'invalid config for network n: EndpointsConfig is nil',
    ],
    [{ Image: 'x', WorkingDir: 'tmp' }, "the working directory 'tmp' is invalid, it needs to be an absolute path"],
    [{ Image: 'x', Env: ['=a'] }, 'invalid environment variable: =a'],
    [
      host({ RestartPolicy: { Name: 'often' } }),
      "invalid restart policy: unknown policy 'often'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
    ],
    [
      host({ AutoRemove: true, RestartPolicy: { Name: 'always' } }),
      "can't create 'AutoRemove' container with restart policy",
    ],
    [
      host({ RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } }),
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    ],
    [
      host({ RestartPolicy: { Name: 'no', MaximumRetryCount: -3 } }),
      "invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative",
    ],
    [
      host({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -3 } }),
      'invalid restart policy: maximum retry count cannot be negative',
    ],
    [{ Image: 'x', Healthcheck: { Interval: 999_999 } }, 'Interval in Healthcheck cannot be less than 1ms'],
    [{ Image: 'x', Healthcheck: { Timeout: 1, Retries: -1 } }, 'Timeout in Healthcheck cannot be less than 1ms'],
    [{ Image: 'x', Healthcheck: { StartPeriod: 1, Retries: -1 } }, 'Retries in Healthcheck cannot be negative'],
    [{ Image: 'x', Healthcheck: { StartPeriod: -1 } }, 'StartPeriod in Healthcheck cannot be less than 1ms'],
    [{ Image: 'x', Healthcheck: { StartInterval: 1 } }, 'StartInterval in Healthcheck cannot be less than 1ms'],
    [host({ CpuPeriod: 999 }), 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'],
    [host({ CpuQuota: 999 }), 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
    [host({ Memory: 1024 }), 'Minimum memory limit allowed is 6MB'],
    [host({ PortBindings: { 'a/tcp': [] } }), 'invalid port specification: "a"'],
    [host({ Mounts: [{ Type: 'npipe', Target: '/x' }] }), 'invalid mount config for type "npipe": mount type unknown'],
    [
      host({ Mounts: [{ Type: 'bind', Source: '/a' }] }),
      'invalid mount config for type "bind": field Target must not be empty',
    ],
  ] as readonly (readonly [Json, string])[]) {
    assert.equal(message(body), expected);
  }
});

test('a working directory is kept without detours, and an init as it was asked for', () => {
  const config = parseCreate({ Image: 'x', WorkingDir: '/a//b/../c/', HostConfig: { Init: false } }, 51);
  assert.deepEqual([config.workingDir, config.host.init], ['/a/c', false]);
  assert.deepEqual(
    [parseCreate({ Image: 'x' }, 51).workingDir, parseCreate({ Image: 'x' }, 51).host.init],
    ['', undefined],
  );
});

test('a health check is taken as asked for, its start interval from API 1.44 on', () => {
  const body = { Image: 'x', healthcheck: { Test: ['CMD', 'a'], Interval: 1e9, StartInterval: 2e6, Retries: 1 } };
  const check = { test: ['CMD', 'a'], interval: 1e9, timeout: 0, startPeriod: 0, startInterval: 2e6, retries: 1 };
  assert.deepEqual(parseCreate(body, 44).healthcheck, check);
  assert.deepEqual(parseCreate(body, 43).healthcheck, { ...check, startInterval: 0 });
  assert.equal(parseCreate({ Image: 'x', Healthcheck: null }, 51).healthcheck, undefined);
});

test('several networks need API 1.44', () => {
  const body = { Image: 'x', NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } };
  assert.equal(message(body, 43), 'Container cannot be created with multiple network endpoints: a, b');
  assert.equal(message(body, 44), 'accepted');
});
