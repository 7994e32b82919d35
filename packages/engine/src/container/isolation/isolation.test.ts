import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../json.ts';
import type { HostConfig } from '../configuration/container-config.ts';
import { sampleContainer } from '../testing/sample-container.ts';
import { isolationOf, passiveLimits, requireIsolation } from './isolation.ts';
import { supportedConfig, supportedLimits } from './limit-support.ts';

function config(host: Partial<HostConfig>, passive: Readonly<Record<string, Json>> = {}) {
  return sampleContainer({ host, config: { other: { config: {}, host: passive } } }).config;
}

for (const [host, passive, message] of [
  [{ capAdd: ['NOPE'] }, {}, 'invalid CapAdd: unknown capability: "CAP_NOPE"'],
  [{ capDrop: [''] }, {}, 'invalid CapDrop: unknown capability: "CAP_"'],
  [{ securityOptions: ['bogus'] }, {}, 'invalid --security-opt 1: "bogus"'],
  [{ securityOptions: ['bogus=1'] }, {}, 'invalid --security-opt 2: "bogus=1"'],
  [{ securityOptions: ['no-new-privileges:maybe'] }, {}, 'invalid --security-opt 2: "no-new-privileges:maybe"'],
  [{ pidMode: 'bogus' }, {}, 'invalid PID mode: bogus'],
  [{ ipcMode: 'bogus' }, {}, 'invalid IPC mode: bogus'],
  [{ utsMode: 'bogus' }, {}, 'invalid UTS mode: bogus'],
  [{}, { CgroupnsMode: 'bogus' }, 'invalid cgroup namespace mode: bogus'],
  [{}, { UsernsMode: 'bogus' }, 'invalid userns mode: bogus'],
  [{}, { DeviceCgroupRules: ['c 1:3'] }, "invalid device cgroup rule format: 'c 1:3'"],
  [{}, { Isolation: 'hyperv' }, 'invalid isolation: "hyperv" - linux only supports \'default\''],
  [{}, { MemorySwappiness: 101 }, 'invalid value: 101, valid memory swappiness range is 0-100'],
  [{ tmpfs: { '/t': 'size=1m,bogus=1' } }, {}, 'invalid tmpfs option ["bogus" "1"]'],
  [{ tmpfs: { '/t': 'bogus' } }, {}, 'invalid tmpfs option ["bogus"]'],
  [
    {},
    { StorageOpt: { size: '1g' } },
    "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
  ],
  [{}, { StorageOpt: { bogus: '1' } }, 'Unknown option bogus'],
] as const) {
  test(`a container is not made: ${message}`, () => {
    assert.throws(() => requireIsolation(config(host, passive)), { code: 'invalid-argument', message });
  });
}

test('what Docker takes is taken', () => {
  const host: Partial<HostConfig> = {
    capAdd: ['ALL', 'net_admin'],
    capDrop: ['CAP_MKNOD'],
    securityOptions: ['label=disable', 'apparmor:unconfined', 'seccomp=unconfined', 'no-new-privileges'],
    ipcMode: 'shareable',
    tmpfs: { '/t': 'rw,noexec,size=1m,mode=700' },
  };
  requireIsolation(config(host, { CgroupnsMode: 'private', UsernsMode: 'host', Isolation: 'default' }));
});

test('who names no profile of seccomp gets the operator’s, but for privileged ones', () => {
  const given = (host: Partial<HostConfig>, profile?: string) => isolationOf(config(host), profile).seccomp;
  const named = (seccomp: string) => ({ securityOptions: [`seccomp=${seccomp}`] });
  assert.deepEqual([given({}, '{}'), given({}, 'unconfined'), given({})], [{ profile: '{}' }, 'unconfined', undefined]);
  assert.deepEqual([given(named('builtin'), '{}'), given(named('unconfined'), '{}')], ['default', 'unconfined']);
  assert.equal(given({ privileged: true }, '{}'), undefined);
});

test('what was asked for reaches the runtime', () => {
  const profile = '{"defaultAction":"SCMP_ACT_ALLOW"}';
  const described = isolationOf(
    config(
      { securityOptions: [`seccomp=${profile}`, 'no-new-privileges:true'] },
      {
        MaskedPaths: [],
        ReadonlyPaths: ['/proc/sys'],
        DeviceCgroupRules: ['c 10:229 rwm', 'a *:* r'],
        Annotations: { a: 'b' },
      },
    ),
  );
  assert.deepEqual(described, {
    noNewPrivileges: true,
    seccomp: { profile },
    maskedPaths: [],
    readonlyPaths: ['/proc/sys'],
    deviceRules: [
      { allow: true, type: 'c', major: 10, minor: 229, access: 'rwm' },
      { allow: true, type: 'a', access: 'r' },
    ],
    annotations: { a: 'b' },
  });
});

test('limits of devices are told by their numbers', () => {
  const fields = {
    BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1024 }],
    BlkioDeviceWriteIOps: [],
    MemorySwappiness: -1,
    CpuRealtimeRuntime: 950_000,
  };
  assert.deepEqual(passiveLimits(fields), {
    cpuRealtimeRuntime: 950_000,
    blockReadBps: [{ major: 1, minor: 3, rate: 1024 }],
  });
  const absent = { BlkioDeviceReadBps: [{ Path: '/dev/nosuch', Rate: 1 }] };
  assert.throws(() => passiveLimits(absent), { message: 'stat /dev/nosuch: no such file or directory' });
});

const names = ['swap', 'swappiness', 'oomKillDisable', 'blockWeight', 'blockWeightDevice', 'realtime'] as const;
const supporting = (has: boolean) =>
  Object.fromEntries(names.map((name) => [name, has])) as Record<(typeof names)[number], boolean>;
const [none, all] = [supporting(false), supporting(true)];

test('what the kernel cannot do is left out and said', () => {
  const limits = { memory: 1 << 25, memorySwap: 1 << 26, oomKillDisable: true, blkioWeight: 300, cpuShares: 5 };
  const supported = supportedLimits(limits, none);
  assert.deepEqual(supported.limits, { memory: 1 << 25, cpuShares: 5 });
  assert.equal(supported.warnings.length, 3);
  for (const warning of supported.warnings)
    assert.match(warning, /^Your kernel does not support .*(discarded|without swap)\.$/);
  assert.deepEqual(supportedLimits(limits, all), { limits, warnings: [] });
  assert.deepEqual(supportedLimits({ memorySwap: -1, oomKillDisable: false }, none).warnings, []);
  assert.match(supportedLimits({ oomKillDisable: true }, all).warnings[0] ?? '', /^OOM killer is disabled/);
});

test('so is what is stored as it came', () => {
  const asked = config({}, { BlkioWeightDevice: [{ Path: '/dev/vda', Weight: 200 }], MemorySwappiness: 50, Other: 1 });
  const supported = supportedConfig(asked, none);
  assert.deepEqual(supported.config.other.host, { Other: 1 });
  assert.equal(supported.warnings.length, 2);
  assert.deepEqual(supportedConfig(asked, all), { config: asked, warnings: [] });
});

test('real-time CPU is refused where there is none, or where a share is larger than the whole', () => {
  const asked = (period: number, runtime: number) =>
    config({}, { CpuRealtimePeriod: period, CpuRealtimeRuntime: runtime });
  const unsupported = { code: 'invalid-argument', message: 'kernel does not support CPU real-time scheduler' };
  assert.throws(() => supportedConfig(asked(0, 1), none), unsupported);
  assert.doesNotThrow(() => supportedConfig(asked(0, 0), none));
  const message = 'cpu real-time runtime cannot be higher than cpu real-time period';
  assert.throws(() => supportedConfig(asked(1000, 2000), all), { code: 'invalid-argument', message });
  for (const [period, runtime] of [
    [2000, 2000],
    [0, 2000],
    // The kernel says what is wrong with it, when the container starts.
    [-1, 0],
    [0, -1],
  ] as const) {
    assert.deepEqual(supportedConfig(asked(period, runtime), all).config, asked(period, runtime));
  }
});
