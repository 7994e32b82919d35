import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allCapabilities, defaultCapabilities } from './capabilities.ts';
import { type ContainerDescription, containerSpec, execProcess, type HostFacts } from './container-spec.ts';
import { parseHardLimits } from './host-facts.ts';
import type { OciMount, OciSpec } from './oci-types.ts';

const host: HostFacts = {
  architecture: 'amd64',
  unifiedCgroup: false,
  capabilities: allCapabilities,
  hardLimits: undefined,
};

function build(description: Partial<ContainerDescription> = {}, facts: Partial<HostFacts> = {}): OciSpec {
  return containerSpec(
    {
      id: 'abc',
      hostname: 'abc',
      args: ['true'],
      env: [],
      user: { uid: 0, gid: 0 },
      namespaces: { network: { path: '/run/netns/fl-abc' } },
      ...description,
    },
    { ...host, ...facts },
  );
}

const mountAt = (spec: OciSpec, destination: string): OciMount | undefined =>
  spec.mounts.find((mount) => mount.destination === destination);
const namespaceTypes = (spec: OciSpec): string[] => spec.linux.namespaces.map(({ type }) => type);

test('the network namespace is joined by path, the others are new', () => {
  assert.deepEqual(build().linux.namespaces, [
    { type: 'mount' },
    { type: 'network', path: '/run/netns/fl-abc' },
    { type: 'uts' },
    { type: 'pid' },
    { type: 'ipc' },
  ]);
});

test('a user namespace is joined by path, and its users are told beside it', () => {
  const ranges = [{ inside: 0, outside: 100_000, count: 65_536 }];
  const userNamespace = { path: '/proc/1/fd/9', identities: { users: ranges, groups: ranges } };
  const { linux, mounts } = build({ userNamespace });
  assert.deepEqual(linux.namespaces.at(-1), { type: 'user', path: '/proc/1/fd/9' });
  assert.deepEqual(linux.uidMappings, [{ containerID: 0, hostID: 100_000, size: 65_536 }]);
  assert.deepEqual(linux.gidMappings, linux.uidMappings);
  const cgroups = mounts.find(({ type }) => type === 'cgroup');
  assert.equal(cgroups?.options[0], 'rw');
});

test('a domain is a setting of the container, whose own settings go before it; the host keeps its own', () => {
  const domainname = 'example.com';
  assert.deepEqual(build({ domainname }).linux.sysctl, { 'kernel.domainname': 'example.com' });
  const sysctls = { 'kernel.domainname': 'other', 'net.core.somaxconn': '9' };
  assert.deepEqual(build({ domainname, sysctls }).linux.sysctl, sysctls);
  assert.equal(build({ domainname, namespaces: { network: 'host', uts: 'host' } }).linux.sysctl, undefined);
});

test('namespaces of the host are left out', () => {
  const namespaces = { network: 'host', pid: 'host', ipc: 'host', uts: 'host' } as const;
  const spec = build({ namespaces });
  assert.deepEqual(namespaceTypes(spec), ['mount']);
  assert.equal(spec.hostname, undefined);
  assert.deepEqual(mountAt(spec, '/dev/shm')?.source, '/dev/shm');
});

test('the view of control groups is private with version 2 only', () => {
  assert.ok(namespaceTypes(build({}, { unifiedCgroup: true })).includes('cgroup'));
  assert.ok(!namespaceTypes(build({ privileged: true }, { unifiedCgroup: true })).includes('cgroup'));
  assert.ok(!namespaceTypes(build()).includes('cgroup'));
});

test('a terminal begins with the size that is known', () => {
  const { process } = build({ terminal: true, size: { rows: 24, columns: 80 } });
  assert.deepEqual(process.consoleSize, { height: 24, width: 80 });
  assert.equal(build({ terminal: true }).process.consoleSize, undefined);
});

test('the environment has the variables of Docker, and what is asked for wins', () => {
  const env = build({ env: ['A=1', 'PATH=/x', 'A=2'], user: { uid: 5, gid: 5, home: '/h' }, terminal: true }).process
    .env;
  assert.deepEqual(env, ['PATH=/x', 'HOSTNAME=abc', 'TERM=xterm', 'A=2', 'HOME=/h']);
  assert.ok(build({ env: ['HOME=/mine'] }).process.env.includes('HOME=/mine'));
  const without = build({ env: ['A=1', 'HOSTNAME', 'A', 'B'] }).process.env;
  assert.deepEqual(
    without.map((entry) => entry.split('=')[0]),
    ['PATH', 'HOME'],
  );
});

test('only root has capabilities from the start; others can get them from files', () => {
  assert.deepEqual(build().process.capabilities.effective, defaultCapabilities);
  const { bounding, effective, permitted } = build({ user: { uid: 1000, gid: 1000 } }).process.capabilities;
  assert.deepEqual([bounding, effective, permitted], [defaultCapabilities, [], []]);
});

test('a privileged container is unconfined', () => {
  const spec = build({ privileged: true });
  assert.deepEqual(spec.process.capabilities.bounding, allCapabilities);
  assert.equal(spec.linux.seccomp, undefined);
  assert.deepEqual([spec.linux.maskedPaths, spec.linux.readonlyPaths], [[], []]);
  assert.deepEqual(spec.linux.resources.devices, [{ allow: true, access: 'rwm' }]);
  assert.ok(mountAt(spec, '/sys')?.options.includes('rw'));
});

test('any other container is confined', () => {
  const { linux, mounts } = build();
  assert.equal(linux.seccomp?.defaultAction, 'SCMP_ACT_ERRNO');
  assert.ok(linux.maskedPaths.includes('/proc/kcore'));
  assert.ok(linux.readonlyPaths.includes('/proc/sys'));
  assert.deepEqual(linux.resources.devices?.[0], { allow: false, access: 'rwm' });
  assert.ok(mounts.find((mount) => mount.destination === '/sys')?.options.includes('ro'));
  assert.equal(build({ seccomp: 'unconfined' }).linux.seccomp, undefined);
});

test('mounts come parents first, and a requested one replaces the default at its place', () => {
  const spec = build({
    mounts: [
      { kind: 'bind', source: '/host/deep', destination: '/data/deep', readonly: true },
      { kind: 'bind', source: '/host', destination: '/data', propagation: 'rslave' },
      { kind: 'tmpfs', destination: '/dev/shm', size: 4096, mode: 0o1777, options: ['exec'] },
    ],
  });
  const order = spec.mounts.map((mount) => mount.destination);
  assert.ok(order.indexOf('/data') < order.indexOf('/data/deep'));
  assert.deepEqual(mountAt(spec, '/data/deep')?.options, ['rbind', 'ro', 'rprivate']);
  assert.deepEqual(mountAt(spec, '/data')?.options, ['rbind', 'rslave']);
  assert.equal(order.filter((destination) => destination === '/dev/shm').length, 1);
  assert.deepEqual(mountAt(spec, '/dev/shm')?.options.slice(-3), ['size=4096', 'mode=1777', 'exec']);
  assert.equal(spec.linux.rootfsPropagation, 'rslave');
});

test('limits are written as the runtime wants them', () => {
  const limits = { memory: 1000, nanoCpus: 1.5e9, pids: 0, cpusetCpus: '0-1', blockWeight: 300 };
  assert.deepEqual(build({ limits }).linux.resources, {
    devices: build().linux.resources.devices,
    memory: { limit: 1000, swap: 2000 },
    cpu: { cpus: '0-1', quota: 150_000, period: 100_000 },
    pids: { limit: -1 },
    blockIO: { weight: 300 },
  });
  assert.deepEqual(Object.keys(build().linux.resources), ['devices']);
});

test('limits of processes are clamped to what this program may give', () => {
  const ulimits = [
    { name: 'nofile', soft: 1024, hard: 1_000_000 },
    { name: 'core', soft: -1, hard: -1 },
    { name: 'memlock', soft: -1, hard: -1 },
  ];
  const hardLimits = { nofile: 20_000, core: -1, memlock: 8192 };
  assert.deepEqual(build({ ulimits }, { hardLimits }).process.rlimits, [
    { type: 'RLIMIT_NOFILE', hard: 20_000, soft: 1024 },
    { type: 'RLIMIT_CORE', hard: -1, soft: -1 },
    { type: 'RLIMIT_MEMLOCK', hard: 8192, soft: 8192 },
  ]);
  assert.equal(build({ ulimits }).process.rlimits?.[0]?.hard, 1_000_000);
});

test('devices get a node and a rule', () => {
  const devices = [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, access: 'rwm', fileMode: 0o666 } as const];
  const { linux } = build({ devices });
  assert.deepEqual(linux.devices, [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666 }]);
  assert.deepEqual(linux.resources.devices?.at(-1), { allow: true, type: 'c', major: 10, minor: 229, access: 'rwm' });
});

const cgroupCases: readonly [Partial<ContainerDescription>, Partial<HostFacts>, string][] = [
  [{}, {}, '/fairlead/abc'],
  [{ cgroupParent: '/custom/' }, {}, '/custom/abc'],
  [{}, { systemdCgroup: true }, 'system.slice:fairlead:abc'],
  [{ cgroupParent: 'my.slice' }, { systemdCgroup: true }, 'my.slice:fairlead:abc'],
];

for (const [description, facts, path] of cgroupCases) {
  test(`the control group is ${path}`, () => {
    assert.equal(build(description, facts).linux.cgroupsPath, path);
  });
}

test('an exec has the limits of privilege of its container', () => {
  const exec = { args: ['id'], env: [], user: { uid: 0, gid: 0 }, cwd: '/tmp' };
  const process = execProcess(exec, { hostname: 'abc', capabilities: { drop: ['ALL'] } }, host);
  assert.deepEqual(process.capabilities, { bounding: [], effective: [], permitted: [] });
  assert.equal(process.cwd, '/tmp');
  const privileged = execProcess({ ...exec, privileged: true }, { hostname: 'abc' }, host);
  assert.deepEqual(privileged.capabilities.bounding, allCapabilities);
});

test('hard limits are read by the names of --ulimit', () => {
  const text = `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            1024                 20000                files
Max realtime timeout      unlimited            unlimited            us
`;
  assert.deepEqual(parseHardLimits(text), { cpu: -1, nofile: 20_000, rttime: -1 });
});
