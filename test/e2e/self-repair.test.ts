import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { labAddresses } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { kernelState, settled } from './kernel-state.ts';
import { runWebServer } from './web-server.ts';

/** What somebody takes from the host's network is put back by the daemon that runs, and said. */

let engine: EngineHost;
let bridge: string;
let cable: string;

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'served\n' });
  const subnets = ['--ipv6', '--subnet', '10.99.0.0/24', '--subnet', 'fd99::/64'];
  const id = await engine.daemon.docker('network', 'create', ...subnets, 'app');
  bridge = `br-${id.slice(0, 12)}`;
  await runWebServer(engine.daemon, 'web', '--network', 'app', '-p', '8080:80');
  const [port] = JSON.parse(await engine.host.exec('ip', '-j', 'link', 'show', 'master', bridge));
  cable = port.ifname;
});

after(() => engine[Symbol.asyncDispose]());

/** Both families, from outside. */
async function assertServed(when: string): Promise<void> {
  for (const address of [labAddresses.host.ipv4, `[${labAddresses.host.ipv6}]`]) {
    const page = await engine.host.outside.exec('curl', '-sg', '--max-time', '5', `http://${address}:8080/index.html`);
    assert.equal(page, 'served\n', `${when}: ${address}`);
  }
}

/** The next line of the log about a repair that is not in `before`. */
async function nextRepair(before: number): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const line = engine.daemon
      .log()
      .slice(before)
      .split('\n')
      .find((text) => text.includes('put back'));
    if (line !== undefined) return line;
    assert.ok(attempt < 100, `nothing was put back: ${engine.daemon.log().slice(before)}`);
    await sleep(20);
  }
}

const faults: readonly (readonly [what: string, command: () => string, said: () => string])[] = [
  ['a bridge that is deleted', () => `ip link del ${bridge}`, () => `add link ${bridge}`],
  ['a bridge that is set down', () => `ip link set ${bridge} down`, () => `${bridge} set down`],
  ['a container’s cable that is set down', () => `ip link set ${cable} down`, () => `${cable} set down`],
  ['a port that is taken off its bridge', () => `ip link set ${cable} nomaster`, () => `${cable} taken off its bridge`],
  ['an address that is taken away', () => `ip addr del 10.99.0.1/24 dev ${bridge}`, () => 'address 10.99.0.1 removed'],
  ['an IPv6 address that is taken away', () => `ip addr del fd99::1/64 dev ${bridge}`, () => 'address fd99::1 removed'],
  ['a route that is taken away', () => `ip route del 10.99.0.0/24 dev ${bridge}`, () => 'route 10.99.0.0/24 removed'],
  ['an IPv6 route that is taken away', () => `ip route del fd99::/64 dev ${bridge}`, () => 'route fd99::/64 removed'],
  ['forwarding that is switched off', () => 'sysctl -qw net.ipv4.ip_forward=0', () => 'IPv4 forwarding switched off'],
  [
    'IPv6 forwarding that is switched off',
    () => 'sysctl -qw net.ipv6.conf.all.forwarding=0',
    () => 'IPv6 forwarding switched off',
  ],
];

test('a route that leads away with addresses of a network is warned of, and said to be gone', async () => {
  const { host, daemon } = engine;
  const saysOnce = async (...texts: readonly string[]) => {
    const isMeant = (line: string) => texts.every((text) => line.includes(text));
    const lines = () => daemon.log().split('\n').filter(isMeant);
    for (let attempt = 0; lines().length === 0; attempt++) {
      assert.ok(attempt < 200, `${texts} is not said: ${daemon.log()}`);
      await sleep(20);
    }
    assert.equal(lines().length, 1);
  };
  const warnings = async () => JSON.parse(await daemon.docker('network', 'inspect', 'app'))[0].Warnings ?? [];
  await host.exec('ip', 'link', 'add', 'wg0', 'type', 'bridge');
  await host.exec('ip', 'link', 'set', 'wg0', 'up');
  for (const [prefix, meaning] of [
    ['10.99.0.0/25', 'Packets for app (10.99.0.0/24) go to wg0 instead'],
    ['fd00::/8', 'app (fd99::/64) lies within fd00::/8, which wg0 leads to'],
  ] as const) {
    await host.exec('ip', 'route', 'add', prefix, 'dev', 'wg0');
    await saysOnce(`"route":"${prefix} dev wg0","overlap":"${meaning}`);
    assert.ok((await warnings())[0]?.startsWith(meaning), meaning);
    await host.exec('ip', 'route', 'del', prefix, 'dev', 'wg0');
    await saysOnce(`"network":"app","route":"${prefix} dev wg0"`, 'no longer');
    assert.deepEqual(await warnings(), []);
  }
  for (const [family, words, prefix, subnet] of [
    ['-4', '10.99.0.0/16', '10.99.0.0/16', '10.99.0.0/24'],
    ['-6', 'default', '::/0', 'fd99::/64'],
  ] as const) {
    await host.exec('ip', family, 'route', 'add', words, 'dev', 'wg0', 'table', '52');
    await host.exec('ip', family, 'rule', 'add', 'priority', '5270', 'lookup', '52');
    const meaning = `Packets for app (${subnet}) go to wg0 instead: table 52 is asked before the main one`;
    await saysOnce(`"route":"${prefix} dev wg0 table 52","overlap":"${meaning}`);
    assert.ok((await warnings())[0]?.startsWith(meaning), meaning);
    await host.exec('ip', family, 'rule', 'del', 'priority', '5270');
    await saysOnce(`"network":"app","route":"${prefix} dev wg0 table 52"`, 'no longer');
    assert.deepEqual(await warnings(), []);
  }
  await host.exec('ip', 'link', 'del', 'wg0');
});

for (const [what, command, said] of faults) {
  test(`${what} is put back at once`, async () => {
    const wanted = await kernelState(engine.host);
    const logged = engine.daemon.log().length;
    await engine.host.exec(...(command().split(' ') as [string, ...string[]]));
    const line = await nextRepair(logged);
    assert.ok(line.includes(said()), line);
    await settled(engine.host, wanted, what);
    await assertServed(what);
  });
}

test('what holds a container to its own addresses is put back at once', async () => {
  const { host, daemon } = engine;
  // After ten repairs within ten seconds, one daemon takes its time.
  await daemon.kill9();
  await daemon.restart();
  await daemon.docker('network', 'create', '-o', 'com.fairlead.antispoof=true', 'strict');
  await daemon.docker('run', '-d', '--name', 'held', '--network', 'strict', 'busybox', 'sleep', '1000');
  const fixed = async () =>
    (await host.exec('bridge', 'fdb')).split('\n').find((line) => line.includes('sticky')) ?? '';
  const [entry, logged] = [await fixed(), daemon.log().length];
  const [mac = '', , link = ''] = entry.split(' ');
  await host.exec('bridge', 'fdb', 'del', mac, 'dev', link, 'master');
  assert.match(await nextRepair(logged), new RegExp(`entry for ${mac} removed`));
  assert.equal(await fixed(), entry);
  await daemon.docker('rm', '-f', 'held');
  await daemon.docker('network', 'rm', 'strict');
});

test('what we take away ourselves is no loss', async () => {
  const logged = engine.daemon.log().length;
  await engine.daemon.docker('network', 'create', 'short');
  await engine.daemon.docker('run', '--rm', '--network', 'short', '-p', '8081:80', 'busybox', 'true');
  await engine.daemon.docker('network', 'rm', 'short');
  await sleep(100);
  assert.doesNotMatch(engine.daemon.log().slice(logged), /put back|repairing/);
});
