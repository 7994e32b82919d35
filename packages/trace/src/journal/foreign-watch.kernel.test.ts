import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsePrefix } from '@fairlead/base';
import { deleteNamespace, Kernel, namespacePath, Recorder } from '@fairlead/kernel';
import { type ForeignWatch, watchForeignChanges } from './foreign-watch.ts';
import type { ForeignEntry } from './journal-entry.ts';

/** What other programs do in a namespace that plays the host. */

const name = `fl-test-journal-${process.pid}`;
const recorder = new Recorder();
const kernel = new Kernel(recorder);
/** A kernel without BTF does not say who writes settings. */
const hasTypes = existsSync('/sys/kernel/btf/vmlinux');
const ourEffect = {
  protocol: 'sysctl',
  namespace: '',
  operation: 'ours',
  microseconds: 1,
  key: '',
  value: '',
} as const;
const withoutLegacy = legacyProblem();
let seen: ForeignEntry[] = [];
let watch: ForeignWatch;

before(async () => {
  deleteNamespace(name);
  await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace: name } }]);
  run('ip', 'link', 'add', 'br-ours', 'type', 'bridge');
  run('ip', 'link', 'set', 'br-ours', 'alias', 'fairlead network 1234', 'up');
  run('ip', 'link', 'add', 'br-theirs', 'type', 'bridge');
  const isOwn = (alias: string | undefined) => alias?.startsWith('fairlead ') === true;
  watch = watchForeignChanges({ isOwn, change: (entry) => seen.push(entry), loss: () => assert.fail('lost') }, name);
  recorder.observe({ record: (entry) => watch.touch(entry) });
  if (hasTypes) await untilAuthorsAreKnown();
});

/** Who does what is only asked for a moment after the start. */
async function untilAuthorsAreKnown(): Promise<void> {
  for (let size = 1300; size < 1310; size++) {
    seen = [];
    run('ip', 'link', 'set', 'br-ours', 'mtu', `${size}`);
    const [change] = await changes(1);
    if (change?.program === 'ip') break;
  }
  seen = [];
  run('ip', 'link', 'set', 'br-ours', 'mtu', '1500');
  const [change] = await changes(1);
  assert.deepEqual([change?.name.startsWith('br-ours: MTU'), change?.program], [true, 'ip']);
}

after(() => {
  watch[Symbol.dispose]();
  kernel[Symbol.dispose]();
  deleteNamespace(name);
});

beforeEach(() => {
  seen = [];
});

function run(...command: string[]): void {
  execFileSync('nsenter', [`--net=${namespacePath(name)}`, ...command], { stdio: 'pipe' });
}

/** Why the older iptables cannot be tried here; false where it can. */
function legacyProblem(): string | false {
  const inNamespaceOfItsOwn = ['unshare', ['--net', 'iptables-legacy', '-S']] as const;
  return spawnSync(...inNamespaceOfItsOwn).status === 0
    ? false
    : 'this machine has no iptables-legacy, or its kernel no such tables';
}

async function changes(count: number): Promise<ForeignEntry[]> {
  for (let attempt = 0; seen.length < count; attempt++) {
    assert.ok(attempt < 500, `${seen.length} of ${count}: ${JSON.stringify(seen)}`);
    await sleep(10);
  }
  return seen;
}

test('a rule that somebody adds is told with who it was and what it says', async () => {
  run('nft', 'add table ip filter; add chain ip filter FORWARD; add rule ip filter FORWARD tcp dport 81 drop');
  const [change] = await changes(1);
  assert.equal(
    change?.name,
    'table ip filter added, ip filter: chain FORWARD added, ip filter: 1 rule added to FORWARD',
  );
  assert.deepEqual(change?.details, ['ip filter FORWARD: tcp dport 81 drop']);
  assert.equal(change?.program, 'nft');
  assert.ok((change?.processId ?? 0) > 1);
});

test('what goes with a table is told as well', async () => {
  run('nft', 'delete', 'table', 'ip', 'filter');
  const [change] = await changes(1);
  assert.match(change?.name ?? '', /ip filter: 1 rule removed from FORWARD/);
  assert.match(change?.name ?? '', /table ip filter removed/);
});

test('what we do to the firewall ourselves is not told', async () => {
  const definition = { family: 'inet', name: 'own', sets: [], chains: [] } as const;
  await kernel.apply([{ action: 'add', object: { kind: 'table', namespace: name, definition } }]);
  run('nft', 'list', 'table', 'inet', 'own');
  run('nft', 'add', 'table', 'ip', 'witness');
  const all = await changes(1);
  assert.deepEqual(
    all.map((change) => change.name),
    ['table ip witness added'],
  );
});

test('routes and rules that somebody makes are told with the process that asked for them', async () => {
  run('ip', 'link', 'set', 'br-theirs', 'up');
  run('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'br-theirs');
  run('bash', '-c', 'ip route add 10.8.0.0/16 via 192.0.2.9; ip rule add from 10.8.0.0/16 lookup 100 priority 500');
  run('ip', '-6', 'route', 'add', 'blackhole', '2001:db8:7::/48');
  await changes(4);
  assert.deepEqual(seen.map(({ name }) => name).sort(), [
    'br-theirs: address 192.0.2.1/24 added',
    'route 10.8.0.0/16 via 192.0.2.9 dev br-theirs added',
    'route blackhole 2001:db8:7::/48 added',
    'rule 500: from 10.8.0.0/16 lookup 100 added',
  ]);
  for (const { processId, program } of seen) {
    assert.ok((processId ?? 0) > 1);
    // The processes are gone by now.
    if (hasTypes) assert.equal(program, 'ip');
  }
});

test('routes that we make ourselves are not told', async () => {
  const object = {
    kind: 'route',
    namespace: name,
    destination: parsePrefix('10.6.0.0/16'),
    link: 'br-theirs',
  } as const;
  const route = { ...object, scope: 'link' } as const;
  watch.touch({ ...ourEffect, changes: [{ action: 'add', object: { ...route, namespace: '' } }] });
  await kernel.apply([{ action: 'add', object: route }]);
  run('ip', 'route', 'add', '10.5.0.0/16', 'dev', 'lo');
  const all = await changes(1);
  assert.deepEqual(
    all.map((change) => change.name),
    ['route 10.5.0.0/16 dev lo added'],
  );
});

test('what flaps is told once, with its number', async () => {
  const flap = 'for i in 1 2 3 4 5; do ip route add 10.7.0.0/16 dev lo; ip route del 10.7.0.0/16 dev lo; done';
  run('bash', '-c', flap);
  await changes(2);
  assert.deepEqual(
    seen.map(({ name }) => name),
    ['route 10.7.0.0/16 dev lo added (5 times)', 'route 10.7.0.0/16 dev lo removed (5 times)'],
  );
});

test('settings are told with their values, and with who has written them where the kernel tells', async () => {
  run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
  run('sh', '-c', 'echo nonsense >/proc/sys/net/ipv4/ip_forward || :');
  watch.compare();
  const [change] = await changes(1);
  assert.equal(change?.name, 'net.ipv6.conf.all.forwarding: 0 changed to 1');
  if (hasTypes) assert.equal(change?.program, 'sysctl');
});

test('rules of the older iptables are told by what they are before and after', { skip: withoutLegacy }, async () => {
  run('iptables-legacy', '-A', 'FORWARD', '-s', '10.0.0.0/8', '-p', 'tcp', '--dport', '81', '-j', 'DROP');
  if (hasTypes) await changes(1);
  run('ip6tables-legacy', '-P', 'INPUT', 'DROP');
  if (!hasTypes) watch.compare();
  const told = await changes(2);
  if (hasTypes) {
    assert.deepEqual(
      told.map(({ program }) => program),
      ['iptables-legacy', 'ip6tables-legac'],
    );
    for (const { processId } of told) assert.ok((processId ?? 0) > 1);
  }
  assert.deepEqual(
    told.map(({ name, details }) => [name, ...details]),
    [
      [
        'legacy ip filter: 1 rule added to FORWARD',
        'ip filter FORWARD: -s 10.0.0.0/8 -p tcp -m tcp --dport 81 -j DROP',
      ],
      ['legacy ip6 filter: policy of INPUT ACCEPT changed to DROP'],
    ],
  );
});

test('what somebody does to an interface of ours is told, what to another one is not', async () => {
  run('ip', 'link', 'set', 'br-theirs', 'up');
  run('ip', 'address', 'add', '10.9.1.1/24', 'dev', 'br-ours');
  run('ip', 'address', 'add', 'fd00::1/64', 'dev', 'br-ours');
  run('ip', 'link', 'set', 'br-ours', 'mtu', '1400');
  run('ip', 'link', 'set', 'br-ours', 'down');
  run('ip', 'link', 'delete', 'br-ours');
  await changes(5);
  await sleep(50);
  const names = seen.map((change) => change.name);
  assert.deepEqual(
    names.filter((text) => !text.includes('removed') || text === 'br-ours removed'),
    [
      'br-ours: address 10.9.1.1/24 added',
      'br-ours: address fd00::1/64 added',
      'br-ours: MTU 1500 changed to 1400',
      'br-ours set down',
      'br-ours removed',
    ],
  );
  if (!hasTypes) return;
  const nobody = seen.filter(({ program }) => program !== 'ip').map((change) => change.name);
  // The kernel tells of it by itself, when it has found out that nobody else has it.
  assert.deepEqual(nobody, ['br-ours: address fd00::1/64 added']);
});
