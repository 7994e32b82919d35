import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { runWebServer } from './web-server.ts';

/** Every option of a bridge network, and what the packets do then. */

const P = 'com.docker.network.';
let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
  const via = host.addresses.host;
  await host.outside.exec('ip', 'route', 'add', '10.30.0.0/16', 'via', via.ipv4);
  await host.outside.exec('ip', 'route', 'add', 'fd30::/16', 'via', via.ipv6);
});
after(() => engine[Symbol.asyncDispose]());

async function network(name: string, ...words: string[]): Promise<void> {
  await docker('network', 'create', ...words, name);
}

function serve(name: string, ...words: string[]): Promise<void> {
  return runWebServer(daemon, name, ...words);
}

async function answers(space: Host | Host['outside'], url: string): Promise<boolean> {
  return (await space.run(['timeout', '1', 'busybox', 'wget', '-qO-', `http://${url}/`])).stdout === 'it works\n';
}

test('a trusted interface reaches containers directly, and no other does', async () => {
  await network('trusting', '--subnet', '10.30.1.0/24', '-o', `${P}bridge.trusted_host_interfaces=eth0:wg9`);
  await network('plain', '--subnet', '10.30.2.0/24');
  await serve('seen', '--network', 'trusting', '--ip', '10.30.1.7');
  await serve('unseen', '--network', 'plain', '--ip', '10.30.2.7');
  const outside = (address: string) => answers(host.outside, address);
  assert.deepEqual(await Promise.all(['10.30.1.7', '10.30.2.7'].map(outside)), [true, false]);
  await docker('rm', '-f', 'seen', 'unseen');
});

/** Option, and at which addresses of the host the port answers then. */
const bindings: readonly (readonly [option: string, shown: string])[] = [
  [`${P}bridge.host_binding_ipv4=0.0.0.0`, '0.0.0.0 ::'],
  [`${P}bridge.host_binding_ipv4=::`, '::'],
  [`${P}bridge.host_binding_ipv4=127.0.0.1`, '127.0.0.1'],
  [`${P}bridge.host_binding_ipv4=192.0.2.2`, '192.0.2.2'],
  [`${P}bridge.host_binding_ipv4=2001:db8::2`, '2001:db8::2'],
  ['com.fairlead.ports.binding=127.0.0.1,::1', '127.0.0.1 ::1'],
];
for (const [index, [option, shown]] of bindings.entries()) {
  test(`${option} publishes at ${shown}`, async () => {
    const name = `bound${index}`;
    await network(name, '--ipv6', '-o', option);
    await serve(name, '--network', name, '-p', `${8100 + index}:80`);
    const ports = await docker(
      'inspect',
      '-f',
      '{{range index .NetworkSettings.Ports "80/tcp"}}{{.HostIp}} {{end}}',
      name,
    );
    assert.equal(ports.trim(), shown);
    const reached = async (address: string) => await answers(host, `${address}:${8100 + index}`);
    const v4 = shown.startsWith('0.0.0.0') || shown === '192.0.2.2';
    const v6 = /(^| )(::$|2001:)/.test(shown);
    assert.deepEqual(await Promise.all(['192.0.2.2', '[2001:db8::2]'].map(reached)), [v4, v6]);
    const local = [/^(0\.0\.0\.0|127)/, /::1?$/].map((pattern) => pattern.test(shown));
    assert.deepEqual(await Promise.all(['127.0.0.1', '[::1]'].map(reached)), local);
    await docker('rm', '-f', name);
  });
}

test('containers go out under the address of host_ipv4 and host_ipv6', async () => {
  await host.exec('ip', 'address', 'add', '192.0.2.77/24', 'dev', 'eth0');
  await host.exec('ip', 'address', 'add', '2001:db8::77/64', 'dev', 'eth0', 'nodad');
  await network('sourced', '--ipv6', '-o', `${P}host_ipv4=192.0.2.77`, '-o', `${P}host_ipv6=2001:db8::77`);
  const rules =
    'add table inet seen { chain c { type filter hook input priority 0; ip saddr 192.0.2.77 counter; ip6 saddr 2001:db8::77 counter; }; }';
  await host.outside.exec('nft', rules);
  const ping = 'ping -c1 -W2 192.0.2.1; ping -c1 -W2 2001:db8::1';
  await docker('run', '--rm', '--network', 'sourced', 'busybox', 'sh', '-c', ping);
  const seen = await host.outside.exec('nft', 'list', 'table', 'inet', 'seen');
  assert.equal([...seen.matchAll(/counter packets [1-9]/g)].length, 2, seen);
});

test('a bridge without IPv4 leaves the address to a router of somebody else', async () => {
  await network(
    'inhibited',
    '--subnet',
    '10.30.3.0/24',
    '-o',
    `${P}bridge.inhibit_ipv4=true`,
    '-o',
    `${P}bridge.name=inhibit0`,
  );
  assert.doesNotMatch(await host.exec('ip', 'addr', 'show', 'inhibit0'), /inet /);
  assert.match(
    await docker('run', '--rm', '--network', 'inhibited', 'busybox', 'ip', 'route'),
    /default via 10\.30\.3\.1 /,
  );
});

test('interfaces have the prefix and the MTU that their network says', async () => {
  await network('shaped', '-o', `${P}container_iface_prefix=lan`, '-o', `${P}driver.mtu=1300`);
  const look = ['busybox', 'cat', '/sys/class/net/lan0/mtu'];
  assert.equal(await docker('run', '--rm', '--network', 'shaped', ...look), '1300\n');
});

test('a network too narrow for IPv6 works by IPv4, and has none of IPv6 when it is widened', async () => {
  await network('narrow', '--subnet', '10.30.8.0/24', '-o', `${P}driver.mtu=1200`, '-o', `${P}bridge.name=narrow0`);
  await serve('slim', '--network', 'narrow', '-p', '8200:80');
  assert.equal(await answers(host.outside, `${host.addresses.host.ipv4}:8200`), true);
  const ipv6 = async () => [
    await host.exec('ip', '-6', '-o', 'address', 'show', 'dev', 'narrow0'),
    await docker('exec', 'slim', 'ip', '-6', '-o', 'address', 'show', 'dev', 'eth0'),
  ];
  assert.deepEqual(await ipv6(), ['', '']);
  await engine.fairlead('network', 'update', 'narrow', '--mtu', '1400');
  assert.deepEqual(await ipv6(), ['', '']);
  await engine.fairlead('network', 'update', 'narrow', '--mtu', '1200');
  assert.equal(await docker('exec', 'slim', 'cat', '/sys/class/net/eth0/mtu'), '1200\n');
  assert.equal(await answers(host.outside, `${host.addresses.host.ipv4}:8200`), true);
  await daemon.restart();
  assert.equal(await answers(host.outside, `${host.addresses.host.ipv4}:8200`), true);
  await docker('rm', '-f', 'slim');
});

test('a bridge that is there is used, and stays when the network goes', async () => {
  await host.exec('ip', 'link', 'add', 'corp0', 'type', 'bridge');
  await host.exec('ip', 'link', 'set', 'corp0', 'up');
  await host.exec('ip', 'link', 'add', 'dull0', 'type', 'veth');
  await network('adopted', '--subnet', '10.30.4.0/24', '-o', `${P}bridge.name=corp0`);
  await serve('guest', '--network', 'adopted', '--ip', '10.30.4.7');
  assert.ok(await answers(host, '10.30.4.7'));
  await docker('rm', '-f', 'guest');
  await docker('network', 'rm', 'adopted');
  assert.doesNotMatch(await host.exec('ip', 'addr', 'show', 'corp0'), /10\.30\.4/);
  const dull = await daemon.tryDocker(['network', 'create', '-o', `${P}bridge.name=dull0`, 'dull']);
  assert.match(dull.stderr, /existing interface dull0 is not a bridge/);
});

test('neighbours take note of an address that has moved', async () => {
  await network(
    'moving',
    '--ipv6',
    '--subnet',
    '10.30.5.0/24',
    '--subnet',
    'fd30:5::/64',
    '-o',
    `${P}advertise_addr_ms=100`,
  );
  const place = ['--network', 'moving', '--ip', '10.30.5.7', '--ip6', 'fd30:5::7'];
  await docker('run', '-d', '--name', 'peer', '--network', 'moving', 'busybox', 'sleep', '1000');
  const run = (mac: string) =>
    docker('run', '-d', '--name', 'mover', ...place, '--mac-address', mac, 'busybox', 'sleep', '1000');
  await run('02:00:00:00:00:01');
  for (const address of ['10.30.5.7', 'fd30:5::7']) await docker('exec', 'peer', 'ping', '-c1', '-W2', address);
  const neighbours = () => docker('exec', 'peer', 'ip', 'neigh');
  assert.equal([...(await neighbours()).matchAll(/lladdr 02:00:00:00:00:01/g)].length, 2);
  await docker('rm', '-f', 'mover');
  await run('02:00:00:00:00:02');
  const moved = async () =>
    [...(await neighbours()).matchAll(/:7 .*lladdr 02:00:00:00:00:02|\.7 .*lladdr 02:00:00:00:00:02/g)].length;
  for (let attempt = 0; attempt < 50 && (await moved()) < 2; attempt++);
  assert.equal(await moved(), 2);
  await docker('rm', '-f', 'mover', 'peer');
});

const refused: readonly (readonly [words: string, message: RegExp])[] = [
  [`-o ${P}bridge.gateway_mode_ipv4=isolated`, /gateway mode 'isolated' can only be used for an internal network/],
  [`-o ${P}bridge.enable_icc=maybe`, /failed to parse com\.docker\.network\.bridge\.enable_icc value: maybe/],
  [`--ipv6 -o ${P}driver.mtu=1279`, /invalid MTU number: 1279: IPv6 needs 1280 at least/],
  ['--subnet 10.31.0.0/24 --subnet 10.31.1.0/24', /bridge driver doesn't support multiple subnets/],
  ['--subnet 10.30.1.0/25', /Pool overlaps with other one on this address space/],
  [`-o ${P}advertise_addr_nmsgs=4`, /com\.docker\.network\.advertise_addr_nmsgs must be in the range 0 to 3/],
  [
    `-o ${P}bridge.name=inhibit0`,
    /cannot create network [0-9a-f]{64} \(inhibit0\): conflicts with network [0-9a-f]{64} \(inhibit0\): networks have same bridge name/,
  ],
];
for (const [words, message] of refused) {
  test(`refused: network create ${words}`, async () => {
    const { code, stderr } = await daemon.tryDocker(['network', 'create', ...words.split(' '), 'wrong']);
    assert.equal(code, 1);
    assert.match(stderr, message);
  });
}

test('refused: a network without any family', async () => {
  await assert.rejects(engine.fairlead('network', 'create', '--no-ipv4', 'wrong'), /IPv4 or IPv6 must be enabled/);
});
