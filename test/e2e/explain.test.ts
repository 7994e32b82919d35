import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inOrder, kernelLines, lasting } from './kernel-lines.ts';
import { operationsWithoutPlace, uncovered } from './replay-coverage.ts';
import { ReplayRig, rehearsalOf } from './replay-rig.ts';

/**
 * What `fairlead explain` prints, typed into the real tools on a second host that has no daemon, gives the same kernel
 * state there. Asked before, each command says what it then does, and changes nothing; and what undoes it leads back to the
 * state before. Here are bridges and ports; explain-modes.test.ts has what else there is.
 */

let rig: ReplayRig;

before(async () => {
  rig = await ReplayRig.start();
});

after(() => rig?.[Symbol.asyncDispose]());

test('every operation of the product has its case, or a reason why it needs none', () => {
  assert.deepEqual(operationsWithoutPlace(), []);
});

test('what the start of the daemon did can be replayed', async () => {
  assert.notDeepEqual(await kernelLines(rig.twin), await kernelLines(rig.host));
  assert.deepEqual((await rig.replay()).names, ['add table fairlead']);
  await rig.assertSame();
});

const busybox = ['busybox', 'sleep', '1000'];
const cases: [command: string[], operation: string][] = [
  [['network', 'create', '--subnet', '10.9.0.0/24', 'app'], 'network create app'],
  [['run', '-d', '--name', 'web', '-p', '8080:80', '--network', 'app', ...busybox], 'start web'],
  [
    ['network', 'create', '--ipv6', '--subnet', 'fd00:9::/64', '--opt', 'com.docker.network.driver.mtu=1400', 'six'],
    'network create six',
  ],
  [['network', 'create', '--internal', 'inner'], 'network create inner'],
  [['network', 'connect', '--ip6', 'fd00:9::77', 'six', 'web'], 'network connect six web'],
  [['network', 'connect', 'inner', 'web'], 'network connect inner web'],
  [['run', '-d', '--name', 'old', '-p', '127.0.0.1:9000-9010:9000-9010/udp', ...busybox], 'start old'],
  [
    ['run', '-d', '--name', 'both', '-p', '[2001:db8::2]:7000:70', '-p', '7001:71', '--network', 'six', ...busybox],
    'start both',
  ],
  [['run', '-d', '--name', 'alone', '--network', 'none', ...busybox], 'start alone'],
  [['port', 'add', 'web', '9090:90', '9443:443/udp'], 'ports web'],
  [['port', 'allow', 'web', '9090:90', '--from', '10.9.0.0/24', '--from', 'fd00:9::/64'], 'ports web'],
  [['port', 'rm', 'web', '9443:443/udp'], 'ports web'],
  [['network', 'limit', 'app', 'web', '--in', '10mbit', '--out', '5mbit'], 'network limit app web'],
  [['network', 'limit', 'app', 'web', '--in', '20mbit', '--out', 'none'], 'network limit app web'],
  [['network', 'update', 'app', '--mtu', '1400'], 'network update app'],
  [['network', 'disconnect', 'six', 'web'], 'network disconnect six web'],
  [['stop', '-t', '0', 'old'], 'end old'],
  [['start', 'old'], 'start old'],
  [['kill', 'old'], 'end old'],
  [['start', 'old'], 'start old'],
];

const ends: typeof cases = [
  // Of several names docker removes all at once, in any order.
  ...['web', 'old', 'both', 'alone'].map((name): (typeof cases)[number] => [['rm', '-f', name], `end ${name}`]),
  [['network', 'rm', 'app', 'six', 'inner'], 'network rm app'],
];

function play([command, operation]: (typeof cases)[number]): void {
  const words = command.join(' ').replace(/ busybox.*/, '');
  test(`what docker ${words} did can be replayed, and undone`, () => rig.play(command, operation));
}

cases.forEach(play);

test('what the kernel makes of it by itself, in its own time, is the same as well', () => rig.assertIdentical());

ends.forEach(play);

test('there is nothing that comes or goes without a case', () => {
  assert.deepEqual(uncovered('explain', rig.seen), []);
});

test('without a name the last operation is explained, and one that is not known is refused', async () => {
  assert.equal(await rig.explain(), await rig.explain(String(rig.lastOperation)));
  const { code, stderr } = await rig.tryFairlead('explain', '4711');
  assert.notEqual(code, 0);
  assert.match(stderr, /No such operation: 4711/);
});

/** What cannot be, and why: when `web` runs on `app` with port 8080, and another program listens on port 4000. */
const refusals: [command: string[], reason: RegExp][] = [
  [['network', 'create', 'app'], /network with name app already exists/],
  [['network', 'create', '--subnet', '10.9.0.128/25', 'more'], /Pool overlaps with other one on this address space/],
  [['network', 'create', '--ipv6', '--subnet', 'fd00:9::/64', 'more'], /Pool overlaps with other one/],
  [['network', 'rm', 'app'], /network app has active endpoints/],
  [['network', 'rm', 'nowhere'], /network nowhere not found/],
  [['network', 'connect', 'app', 'web'], /endpoint with name web already exists in network app/],
  [['network', 'connect', '--ip6', 'fd00:9::1', 'six', 'web'], /Address already in use/],
  [['kill', 'nowhere'], /cannot kill container: nowhere: No such container: nowhere/],
  [['kill', '--signal', 'SIGNOTHING', 'web'], /cannot kill container: web: invalid signal: SIGNOTHING/],
  [['run', '-d', '--name', 'web', ...busybox], /The container name "\/web" is already in use/],
  [['run', '-d', 'nowhere'], /No such image: nowhere/],
  [
    ['run', '-d', '--name', 'other', '-p', '8080:80', ...busybox],
    /Bind for \S+:8080 failed: port is already allocated/,
  ],
  [
    ['run', '-d', '--name', 'other', '-p', '4000:80', ...busybox],
    /failed to bind host port \S+:4000\/tcp: address already/,
  ],
  [['run', '-d', '--name', 'other', '--network', 'app', '--ip', '10.9.0.2', ...busybox], /Address already in use/],
];

test('what cannot be is refused when it is asked for in the words of the operation, and nothing is left of it', async () => {
  const { host, daemon } = rig;
  const holder = host.start(['busybox', 'nc', '-l', '-p', '4000']);
  while ((await host.exec('ss', '-Hltn', 'sport = :4000')) === '') await sleep(20);
  await daemon.docker('network', 'create', '--subnet', '10.9.0.0/24', 'app');
  await daemon.docker('network', 'create', '--ipv6', '--subnet', 'fd00:9::/64', 'six');
  await daemon.docker('run', '-d', '--name', 'web', '-p', '8080:80', '--network', 'app', ...busybox);
  const everything = async () => [...inOrder((await kernelLines(host)).flatMap(lasting)), ...(await rig.told())];
  const before = await everything();
  for (const [command, reason] of refusals) {
    const { code, stdout, stderr } = await rig.tryFairlead(...(rehearsalOf(command) ?? []));
    assert.match(stderr, reason, command.join(' '));
    assert.equal(stdout, '');
    assert.notEqual(code, 0);
  }
  assert.deepEqual(await everything(), before);
  holder.kill();
});
