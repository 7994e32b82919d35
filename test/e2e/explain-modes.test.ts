import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@fairlead/lab';
import { LanServer } from '../lab/lan-server.ts';
import { uncovered } from './replay-coverage.ts';
import { ReplayRig } from './replay-rig.ts';

/**
 * As explain.test.ts, for networks that are more than a bridge of the engine's own: on the host's wire, with the host beside
 * its containers, with addresses of somebody else's LAN, held to their addresses, of several bridges, without IPv4, on a bridge
 * that is there; all of it with namespaces that belong to users who are nobody on the host.
 */

let rig: ReplayRig;
const servers = new AsyncDisposableStack();

before(async () => {
  rig = await ReplayRig.start({ flags: ['--userns-remap', 'daemon'], furnish });
  const ranges = (net: string) => [`--dhcp-range=${net}.100,${net}.110,255.255.255.0`, '--port=0'];
  const ra = ['--enable-ra', '--dhcp-range=2001:db8::100,2001:db8::1ff,64'];
  servers.use(await LanServer.start(rig.host, 'eth0', [...ranges('192.0.2'), ...ra]));
  servers.use(await LanServer.start(rig.host, 'home', ranges('203.0.113')));
});

after(async () => {
  await servers.disposeAsync();
  await rig?.[Symbol.asyncDispose]();
});

/** Subordinate identities, a bridge that a wire is in, and one that somebody has made for containers. */
async function furnish(machine: Host): Promise<void> {
  // What the LAN's router announces is for the containers there.
  await machine.exec('sysctl', '-qw', 'net.ipv6.conf.eth0.accept_ra=0');
  for (const name of ['subuid', 'subgid']) {
    writeFileSync(join(machine.folder, name), 'daemon:100000:65536\n');
    await machine.exec('mount', '--bind', join(machine.folder, name), `/etc/${name}`);
  }
  const [wire, far] = ['name lan0 address 02:00:00:00:00:11 netns', 'home address 02:00:00:00:00:12 up'];
  const outside = `link add ${far} type veth peer ${wire} ${machine.pid}\naddress add 203.0.113.1/24 dev home\n`;
  const links = `link add br0 up address 02:00:00:00:00:10 type bridge
link set lan0 up master br0
link add shared up address 02:00:00:00:00:13 type bridge
`;
  for (const [place, input] of [
    [machine.outside, outside],
    [machine, links],
  ] as const) {
    const { code, stderr } = await place.run(['ip', '-batch', '-'], { input });
    assert.equal(code, 0, stderr);
  }
}

const wire = ['-d', 'macvlan', '-o', 'parent=eth0'];
const dhcp = ['--ipam-driver', 'dhcp'];
const noRehearsal = /a dry run does not ask a LAN for addresses/;

test('networks on what is there already ask nothing of the kernel', async () => {
  await rig.replay();
  await rig.assertSame();
  await rig.daemon.docker('network', 'create', ...wire, '--subnet', '10.8.0.0/24', '--gateway', '10.8.0.1', 'wire');
  await rig.daemon.docker('network', 'create', ...wire, ...dhcp, '--ipv6', 'lan');
  await rig.daemon.docker('network', 'create', ...dhcp, '-o', 'com.docker.network.bridge.name=br0', 'flat');
  assert.deepEqual((await rig.replay()).names, []);
  await rig.assertSame();
});

const run = ['run', '-d', '--name'];
const busybox = ['busybox', 'sleep', '1000'];
const option = (...texts: string[]) => texts.flatMap((text) => ['-o', text]);
const subnets = (...prefixes: string[]) => ['--ipv6', ...prefixes.flatMap((prefix) => ['--subnet', prefix])];
type Case = [command: string[], operation: string, refusal?: RegExp];

const onLan: Case[] = [
  [[...run, 'guest', '--network', 'lan', ...busybox], 'start guest', noRehearsal],
  [['network', 'connect', 'flat', 'guest'], 'network connect flat guest', noRehearsal],
  [['rm', '-f', 'guest'], 'end guest'],
];

const near = [...wire, ...option('com.fairlead.host-access=true'), ...subnets('10.7.0.0/24', 'fd00:7::/64')];
const held = [
  ...option('com.fairlead.antispoof=true', 'com.fairlead.bandwidth.in=10mbit', 'com.fairlead.bridge-ports=2'),
  ...subnets('10.5.0.0/24', 'fd00:5::/64'),
];
const shared = [...option('com.docker.network.bridge.name=shared'), '--subnet', '10.6.0.0/24'];
const six = [...option('com.docker.network.enable_ipv4=false'), ...subnets('fd00:4::/64')];

const others: Case[] = [
  [[...run, 'wired', '--network', 'wire', '--ip', '10.8.0.7', ...busybox], 'start wired'],
  [['network', 'create', ...near, 'near'], 'network create near'],
  [['network', 'connect', 'near', 'wired'], 'network connect near wired'],
  [['rm', '-f', 'wired'], 'end wired'],
  [['network', 'rm', 'near'], 'network rm near'],
  [['network', 'create', ...held, 'held'], 'network create held'],
  [[...run, 'first', '--network', 'held', '-p', '20000-20999:20000-20999', ...busybox], 'start first'],
  [[...run, 'second', '--network', 'held', ...busybox], 'start second'],
  [['network', 'create', ...shared, 'adopted'], 'network create adopted'],
  [['network', 'create', ...six, 'six'], 'network create six'],
  [[...run, 'modern', '--network', 'six', '-p', '8080:80', ...busybox], 'start modern'],
  [['network', 'connect', 'adopted', 'modern'], 'network connect adopted modern'],
];

const ends: Case[] = [
  [['rm', '-f', 'first'], 'end first'],
  [['rm', '-f', 'second'], 'end second'],
  [['rm', '-f', 'modern'], 'end modern'],
  [['network', 'rm', 'held', 'adopted', 'six'], 'network rm held'],
];

function play([command, operation, refusal]: Case): void {
  const words = command.join(' ').replace(/ busybox.*/, '');
  test(`what docker ${words} did can be replayed, and undone`, () => rig.play(command, operation, refusal));
}

onLan.forEach(play);

test('a LAN that falls silent takes nothing back', async () => {
  await servers.disposeAsync();
  await rig.assertSame();
});

others.forEach(play);

test('what is put back when somebody has taken it away can be replayed', async () => {
  const { host, twin } = rig;
  for (const machine of [host, twin]) await machine.exec('ip', 'address', 'del', '10.6.0.1/24', 'dev', 'shared');
  while (!(await rig.explain('--list')).includes('add address 10.6.0.1/24')) await sleep(50);
  await rig.replay();
  await rig.assertSame();
});

test('what the kernel makes of it by itself, in its own time, is the same as well', () => rig.assertIdentical());

ends.forEach(play);

test('there is nothing that comes or goes without a case', () => {
  assert.deepEqual(uncovered('explain-modes', rig.seen), []);
});
