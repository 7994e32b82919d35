import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import { type FeatureName, features } from '@fairlead/kernel';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { eventuallyEqual } from './life-rig.ts';

/** Containers on the wire of the host: networks of the drivers macvlan and ipvlan, seen with the docker command. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const inspect = async (template: string, name: string) => (await docker('inspect', '-f', template, name)).trim();

/** The outside world is the router of the wire that the host's eth0 is on; 192.0.2.2 and ::2 are the host's own. */
const wire = ['--subnet', '192.0.2.0/24', '--gateway', '192.0.2.1', '--aux-address', 'host=192.0.2.2'];
const wire6 = ['--ipv6', '--subnet', '2001:db8::/64', '--gateway', '2001:db8::1', '--aux-address', 'host6=2001:db8::2'];
const elsewhere = { ipv4: '198.51.100.7', ipv6: '2001:db8:99::7' };

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
  for (const address of [`${elsewhere.ipv4}/32`, `${elsewhere.ipv6}/128`]) {
    await host.outside.exec('ip', 'address', 'add', address, 'dev', 'lo', 'nodad');
  }
});

after(() => engine[Symbol.asyncDispose]());

async function run(name: string, network: string, ...options: string[]): Promise<void> {
  await docker('run', '-d', '--name', name, '--network', network, ...options, 'busybox', 'sleep', '1000');
}

/** Not with the docker command, which knows priorities since 28. */
async function connect(name: string, network: string, EndpointConfig: Readonly<Record<string, unknown>>) {
  const api = new ApiClient(`unix://${daemon.socketPath}`);
  await api.text('POST', `/networks/${network}/connect`, { body: { Container: name, EndpointConfig } });
}

async function pings(name: string, target: string): Promise<boolean> {
  const { code } = await daemon.tryDocker(['exec', name, 'ping', '-c', '3', '-i', '0.2', '-W', '1', target]);
  return code === 0;
}

async function macOf(link: string): Promise<string> {
  return /link\/ether (\S+)/.exec(await host.exec('ip', '-o', 'link', 'show', link))?.[1] ?? '';
}

async function clear(containers: readonly string[], networks: readonly string[]): Promise<void> {
  await docker('rm', '-f', ...containers);
  await docker('network', 'rm', ...networks);
  await assertNothingLeft();
}

async function assertNothingLeft(): Promise<void> {
  const given = ['lo', 'eth0', 'docker0', 'card', 'far'];
  await eventuallyEqual(async () => {
    const links = (await host.exec('ip', '-br', 'link')).trim().split('\n');
    return links.map((line) => line.split(/[@ ]/)[0] ?? '').filter((name) => !given.includes(name));
  }, []);
  assert.equal((await host.exec('ls', '/run/netns')).trim(), '');
}

test('containers on a macvlan network reach the outside, what is behind it, and each other by name', async () => {
  await docker('network', 'create', '-d', 'macvlan', '-o', 'parent=eth0', ...wire, ...wire6, 'lan');
  await run('web', 'lan', '--ip', '192.0.2.50', '--ip6', '2001:db8::50', '-p', '8080:80');
  await run('peer', 'lan', '--network-alias', 'friend');
  const outside = host.addresses.outside;
  for (const target of [outside.ipv4, outside.ipv6, elsewhere.ipv4, elsewhere.ipv6, 'peer', 'friend']) {
    assert.ok(await pings('web', target), target);
  }
  assert.match(await docker('exec', 'peer', 'nslookup', '192.0.2.50'), /name = web\.lan/);
  assert.match(await host.outside.exec('busybox', 'ping', '-c', '1', '192.0.2.50'), / 0% packet loss/);
  assert.match(await host.outside.exec('busybox', 'ping', '-c', '1', '2001:db8::50'), / 0% packet loss/);
  assert.match(daemon.log(), /published ports passed over/);
  assert.equal((await docker('port', 'web')).trim(), '');
});

test('inspection says what such a network and its endpoints are', async () => {
  const settings = '.NetworkSettings.Networks.lan';
  const fields = ['IPAddress', 'IPPrefixLen', 'Gateway', 'GlobalIPv6Address', 'GlobalIPv6PrefixLen', 'IPv6Gateway'];
  const template = fields.map((field) => `{{${settings}.${field}}}`).join(' ');
  assert.equal(await inspect(template, 'web'), '192.0.2.50 24 192.0.2.1 2001:db8::50 64 2001:db8::1');
  const [network] = JSON.parse(await docker('network', 'inspect', 'lan'));
  const { Driver, Internal, Options, IPAM, Containers } = network;
  assert.deepEqual([Driver, Internal, Options], ['macvlan', false, { parent: 'eth0' }]);
  assert.deepEqual(IPAM.Config, [
    { Subnet: '192.0.2.0/24', Gateway: '192.0.2.1', AuxiliaryAddresses: { host: '192.0.2.2' } },
    { Subnet: '2001:db8::/64', Gateway: '2001:db8::1', AuxiliaryAddresses: { host6: '2001:db8::2' } },
  ]);
  const mac = await inspect(`{{${settings}.MacAddress}}`, 'web');
  assert.match(await docker('exec', 'web', 'ip', 'link', 'show', 'eth0'), new RegExp(`ether ${mac}`));
  assert.deepEqual(
    Object.values<{ Name: string; IPv4Address: string; MacAddress: string }>(Containers)
      .filter(({ Name }) => Name === 'web')
      .map(({ IPv4Address, MacAddress }) => [IPv4Address, MacAddress]),
    [['192.0.2.50/24', mac]],
  );
});

test('a container that is restarted comes back with the same addresses at once', async () => {
  const addresses = '{{.NetworkSettings.Networks.lan.IPAddress}} {{.NetworkSettings.Networks.lan.MacAddress}}';
  const before = await inspect(addresses, 'peer');
  for (let round = 0; round < 3; round++) await docker('restart', '-t', '0', 'peer');
  assert.equal(await inspect(addresses, 'peer'), before);
  assert.ok(await pings('peer', 'web'));
});

test('traffic goes on while the daemon is killed and comes back', async () => {
  const asker =
    'while :; do ping -c 1 -W 1 192.0.2.1 >/dev/null && echo ok || echo lost; sleep 0.02; done >/tmp/answers';
  await docker('exec', '-d', 'web', 'sh', '-c', asker);
  await daemon.kill9();
  await daemon.restart();
  const answers = (await docker('exec', 'web', 'cat', '/tmp/answers')).trim().split('\n');
  assert.ok(answers.length > 5 && !answers.includes('lost'), answers.join(' '));
  assert.ok(await pings('peer', 'web'));
});

test('what is damaged while the daemon is dead is made again', async () => {
  await daemon.kill9();
  await host.exec('ip', '-n', 'fl-web', 'link', 'del', 'eth0');
  await daemon.restart();
  assert.ok(await pings('web', '2001:db8::1'));
  assert.ok(await pings('web', elsewhere.ipv4));
});

test('a container that ended while the daemon was dead starts again at once', async () => {
  const pid = await inspect('{{.State.Pid}}', 'peer');
  await daemon.kill9();
  await host.exec('kill', '-9', pid);
  await daemon.restart();
  await docker('start', 'peer');
  assert.ok(await pings('peer', 'web'));
});

test('an interface that its container has renamed stays as it is', async () => {
  const inside = (...words: string[]) => host.exec('ip', '-n', 'fl-peer', ...words);
  await inside('link', 'set', 'eth0', 'down');
  await inside('link', 'set', 'eth0', 'name', 'wire0');
  const before = await inside('-br', 'link');
  await daemon.kill9();
  await daemon.restart();
  // Whoever works on a sandbox finds it compared.
  await docker('rename', 'peer', 'compared');
  await docker('rename', 'compared', 'peer');
  assert.equal(await inside('-br', 'link'), before);
  assert.doesNotMatch(daemon.log(), /not repaired/);
  await docker('restart', '-t', '0', 'peer');
  assert.ok(await pings('peer', 'web'));
});

test('a container can join and leave while it runs, and ports move with the way out', async () => {
  await docker('network', 'create', 'app');
  await run('both', 'app', '-p', '8081:80');
  const route = async () =>
    (await docker('exec', 'both', 'ip', 'route')).match(/^default via (\S+) dev (\S+)/m)?.slice(1);
  const [bridge] = (await route()) ?? [];
  await connect('both', 'lan', { GwPriority: 1, IPAMConfig: { IPv4Address: '192.0.2.60' } });
  assert.deepEqual(await route(), ['192.0.2.1', 'eth1']);
  assert.equal((await docker('port', 'both')).trim(), '', 'ports are published behind bridges only');
  assert.ok(await pings('both', 'web'));
  await docker('network', 'disconnect', 'lan', 'both');
  assert.deepEqual(await route(), [bridge, 'eth0']);
  assert.match(await docker('port', 'both'), /80\/tcp -> 0\.0\.0\.0:8081/);
  await connect('both', 'lan', { GwPriority: -1 });
  assert.deepEqual(await route(), [bridge, 'eth0']);
  await clear(['web', 'peer', 'both'], ['lan', 'app']);
});

for (const mode of ['private', 'vepa']) {
  // vepa leaves it to the switch to send frames back, which none does here.
  test(`in mode ${mode} containers of a network do not reach each other`, async () => {
    const options = ['-o', 'parent=eth0', '-o', `macvlan_mode=${mode}`];
    await docker('network', 'create', '-d', 'macvlan', ...options, ...wire, ...wire6, 'lan');
    await run('one', 'lan');
    await run('two', 'lan');
    const { ipv4, ipv6 } = host.addresses.outside;
    for (const target of [ipv4, ipv6]) assert.ok(await pings('one', target), target);
    assert.match(
      await host.exec('ip', '-n', 'fl-one', '-d', 'link', 'show', 'eth0'),
      new RegExp(`macvlan mode ${mode}`),
    );
    for (const family of ['-4', '-6']) {
      const { code } = await daemon.tryDocker(['exec', 'one', 'ping', family, '-c', '1', '-W', '1', 'two']);
      assert.notEqual(code, 0, family);
    }
    await clear(['one', 'two'], ['lan']);
  });
}

test('a parent in mode passthru belongs to one network, and to one container of it', async () => {
  await host.exec('ip', 'link', 'add', 'card', 'type', 'veth', 'peer', 'name', 'far');
  await host.exec('ip', 'link', 'set', 'card', 'up');
  await host.exec('ip', 'link', 'set', 'far', 'up');
  const mac = await macOf('card');
  const create = ['network', 'create', '-d', 'macvlan', '-o', 'parent=card'];
  await docker(...create, '-o', 'macvlan_mode=passthru', 'trunk');
  const { code, stderr } = await daemon.tryDocker([...create, 'second']);
  assert.equal(code, 1);
  assert.match(stderr, /macvlan network [0-9a-f]{12} is already using parent interface card in mode passthru/);
  await run('one', 'trunk');
  assert.match(await docker('exec', 'one', 'ip', 'link', 'show', 'eth0'), new RegExp(mac));
  const refused = await daemon.tryDocker(['run', '--rm', '--network', 'trunk', 'busybox', 'true']);
  assert.equal(refused.code, 125);
  assert.match(refused.stderr, /network trunk is in use: parent interface card is passed through to container one/);
  for (let round = 0; round < 3; round++) await docker('restart', '-t', '0', 'one');
  await docker('rm', '-f', 'one');
  await run('one', 'trunk', '--mac-address', '02:00:00:00:00:77');
  assert.match(await docker('exec', 'one', 'ip', 'link', 'show', 'eth0'), /02:00:00:00:00:77/);
  await clear(['one'], ['trunk']);
  assert.equal(await macOf('card'), mac);
});

test('an internal network has no way out, and several subnets give one address each', async () => {
  const subnets = ['--subnet', '192.0.2.0/24', '--gateway', '192.0.2.1', '--subnet', '10.60.0.0/24'];
  await docker('network', 'create', '-d', 'macvlan', '--internal', '-o', 'parent=eth0', ...subnets, 'lan');
  await run('one', 'lan', '--ip', '10.60.0.9');
  await run('two', 'lan', '--ip', '10.60.0.10');
  assert.doesNotMatch(await docker('exec', 'one', 'ip', 'route'), /default/);
  assert.ok(await pings('one', 'two'));
  assert.equal(await inspect('{{.NetworkSettings.Networks.lan.IPPrefixLen}}', 'one'), '24');
  await clear(['one', 'two'], ['lan']);
});

const refusals: readonly [string, string[], RegExp][] = [
  [
    'an unknown mode',
    ['macvlan', '-o', 'parent=eth0', '-o', 'macvlan_mode=x'],
    /requested macvlan mode 'x' is not valid/,
  ],
  ['a missing parent', ['macvlan', '-o', 'parent=eth7.5'], /-o parent interface was not found on the host: eth7/],
  ['the loopback', ['ipvlan', '-o', 'parent=lo'], /loopback interface is not a valid ipvlan parent link/],
];

for (const [name, [driver = '', ...options], message] of refusals) {
  test(`${name} is refused in Docker’s words`, async () => {
    const { code, stderr } = await daemon.tryDocker(['network', 'create', '-d', driver, ...options, 'lan']);
    assert.equal(code, 1);
    assert.match(stderr, message);
    await assertNothingLeft();
  });
}

const kinds: readonly [FeatureName, string, string[]][] = [
  ['ipvlan links', 'ipvlan', ['ipvlan', '-o', 'parent=eth0']],
  ['vlan links', '8021q', ['macvlan', '-o', 'parent=eth0.50']],
  ['dummy links', 'dummy', ['macvlan']],
];

for (const [feature, module, options] of kinds) {
  test(`a network that needs ${feature} works, or is refused for the want of the module ${module}`, async () => {
    const { code, stderr } = await daemon.tryDocker(['network', 'create', '-d', ...options, 'lan']);
    if (features[feature].isSupported()) {
      assert.equal(code, 0, stderr);
      await run('one', 'lan');
      await run('two', 'lan');
      assert.ok(await pings('one', 'two'));
      await clear(['one', 'two'], ['lan']);
    } else {
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`this kernel makes no links of kind \\w+: its module ${module} is missing`));
      assert.doesNotMatch(await docker('network', 'ls'), /lan/);
      await assertNothingLeft();
    }
  });
}
