import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { type Daemon, type Host, refusalOf } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { eventually } from './life-rig.ts';
import { type PluginCall, PluginRig } from './plugin-rig.ts';
import { reboot } from './reboot.ts';
import { runWebServer } from './web-server.ts';

/** Networks and addresses of a plugin: a small real one in the host, seen with the docker command. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
let plugin: PluginRig;
const docker = (...words: string[]) => daemon.docker(...words);

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
  plugin = new PluginRig(host, 'network');
  await plugin.start();
});

after(() => engine[Symbol.asyncDispose]());

async function fails(...words: string[]): Promise<string> {
  const ended = await daemon.tryDocker(words);
  assert.notEqual(ended.code, 0, words.join(' '));
  return refusalOf(ended);
}

const methods = (list: readonly PluginCall[]) => list.map(({ method }) => method.replace('NetworkDriver.', ''));
const inspected = async (name: string) => JSON.parse(await docker('inspect', name))[0];

test('a plugin makes a network, and is told what Docker would tell it', async () => {
  const id = (await docker('network', 'create', '-d', 'plug', '-o', 'a=b', '--ipv6', 'first')).trim();
  const asked = plugin.calls();
  assert.deepEqual(methods(asked), ['Plugin.Activate', 'GetCapabilities', 'CreateNetwork']);
  assert.equal(asked[0]?.accept, 'application/vnd.docker.plugins.v1.2+json');
  const [network] = JSON.parse(await docker('network', 'inspect', 'first'));
  const [pool, pool6] = network.IPAM.Config;
  assert.deepEqual(asked[2]?.body, {
    NetworkID: id,
    Options: { 'com.docker.network.enable_ipv6': true, 'com.docker.network.generic': { a: 'b' } },
    IPv4Data: [{ AddressSpace: 'LocalDefault', Gateway: `${pool.Gateway}/16`, Pool: pool.Subnet }],
    IPv6Data: [{ AddressSpace: 'LocalDefault', Gateway: `${pool6.Gateway}/64`, Pool: pool6.Subnet }],
  });
  assert.deepEqual([network.Driver, network.Scope, network.Options], ['plug', 'local', { a: 'b' }]);
  assert.ok(JSON.parse(await docker('info', '-f', '{{json .Plugins.Network}}')).includes('plug'));
});

test('its interface moves into the container, whose way out and ports go by a bridge of the engine', async () => {
  await runWebServer(daemon, 'web', '-p', '8080:80', '--network', 'first', '--network-alias', 'site');
  const asked = plugin.calls();
  assert.deepEqual(methods(asked), ['CreateEndpoint', 'Join']);
  const container = await inspected('web');
  const { EndpointID, IPAddress, GlobalIPv6Address, MacAddress } = container.NetworkSettings.Networks.first;
  const ports = {
    'com.docker.network.endpoint.exposedports': [{ Proto: 6, Port: 80 }],
    'com.docker.network.portmap': [{ Proto: 6, IP: '', Port: 80, HostIP: '', HostPort: 8080, HostPortEnd: 8080 }],
  };
  const { NetworkID, ...made } = asked[0]?.body ?? {};
  assert.deepEqual(made, {
    EndpointID,
    Interface: { Address: `${IPAddress}/16`, AddressIPv6: `${GlobalIPv6Address}/64`, MacAddress: '' },
    Options: ports,
  });
  assert.deepEqual(asked[1]?.body, {
    NetworkID,
    EndpointID,
    SandboxKey: container.NetworkSettings.SandboxKey,
    Options: ports,
  });
  assert.match(MacAddress, /^02:99:/);
  const inside = await docker('exec', 'web', 'ip', 'address');
  assert.match(inside, new RegExp(`net0[^]*ether ${MacAddress}[^]*${IPAddress}/16[^]*${GlobalIPv6Address}/64`));
  assert.match(inside, /eth0/);
  const [gateway] = JSON.parse(await docker('network', 'inspect', 'docker_gwbridge'));
  assert.equal(gateway.Options['com.docker.network.bridge.enable_icc'], 'false');
  assert.match(await docker('exec', 'web', 'ip', 'route'), new RegExp(`default via ${gateway.IPAM.Config[0].Gateway}`));
  assert.deepEqual(Object.keys(container.NetworkSettings.Networks), ['first']);
  assert.match(
    await host.outside.exec('busybox', 'wget', '-qO-', `http://${host.addresses.host.ipv4}:8080/`),
    /it works/,
  );
});

test('containers on it find each other by name', async () => {
  const answer = await docker('run', '--rm', '--network', 'first', 'busybox', 'wget', '-qO-', 'http://site/');
  assert.match(answer, /it works/);
  assert.deepEqual(methods(plugin.calls()), ['CreateEndpoint', 'Join', 'Leave', 'DeleteEndpoint']);
  assert.doesNotMatch(await docker('exec', 'web', 'cat', '/etc/hosts'), /172\.\d+\.0\.\d+\s+\S+\n172\./);
});

test('explain shows how the interface goes back', async () => {
  const text = await host.exec(resolve(import.meta.dirname, '../../fairlead'), '--host', daemon.address, 'explain');
  assert.match(text, /^ip -n fl-\w+ link set dev net0 name pc\w+ down alias '' netns 1$/m);
});

test('a killed daemon finds everything as it was, and what died meanwhile is told to the plugin', async () => {
  await docker('run', '-d', '--name', 'mayfly', '--network', 'first', 'busybox', 'sleep', '1000');
  plugin.calls();
  const { Pid } = (await inspected('mayfly')).State;
  await daemon.kill9();
  await host.exec('kill', '-9', String(Pid));
  await eventually('it is dead', async () => (await host.run(['test', '-e', `/proc/${Pid}`])).code !== 0);
  await daemon.restart();
  await eventually('the plugin is told', async () => plugin.unreadCalls().includes('DeleteEndpoint'));
  assert.deepEqual(methods(plugin.calls()), ['Plugin.Activate', 'Leave', 'DeleteEndpoint']);
  assert.match(
    await host.outside.exec('busybox', 'wget', '-qO-', `http://${host.addresses.host.ipv4}:8080/`),
    /it works/,
  );
  await docker('rm', '-f', 'mayfly');
});

test('a plugin that names a router leads out, is told of ports, and its routes are made', async () => {
  const ipam = ['--subnet', '10.50.0.0/24', '--gateway', '10.50.0.1', '--ip-range', '10.50.0.128/25'];
  await docker(
    'network',
    'create',
    '-d',
    'plug',
    '--ipam-driver',
    'plug',
    '--ipam-opt',
    'k=v',
    '--aux-address',
    'r=10.50.0.9',
    ...ipam,
    'second',
  );
  const [pool, gateway, kept, network] = plugin.calls().slice(-4);
  assert.deepEqual(pool?.body, {
    AddressSpace: 'plug-local',
    Pool: '10.50.0.0/24',
    SubPool: '10.50.0.128/25',
    Options: { k: 'v' },
    V6: false,
  });
  assert.deepEqual(gateway?.body, {
    PoolID: 'pool 10.50.0.0/24',
    Address: '10.50.0.1',
    Options: { RequestAddressType: 'com.docker.network.gateway' },
  });
  assert.deepEqual(kept?.body, { PoolID: 'pool 10.50.0.0/24', Address: '10.50.0.9', Options: null });
  assert.deepEqual(network?.body['IPv4Data'], [
    { AddressSpace: 'plug-local', AuxAddresses: { r: '10.50.0.9/24' }, Gateway: '10.50.0.1/24', Pool: '10.50.0.0/24' },
  ]);
  const StaticRoutes = [
    { Destination: '10.60.0.0/16', RouteType: 0, NextHop: '10.50.0.77' },
    { Destination: '10.61.0.0/16', RouteType: 1 },
  ];
  plugin.joinWith({ Gateway: '10.50.0.1', StaticRoutes });
  await docker('run', '-d', '--name', 'out', '-p', '8081:80', '--network', 'second', 'busybox', 'sleep', '1000');
  const asked = plugin.calls();
  assert.deepEqual(methods(asked).slice(-4), [
    'IpamDriver.RequestAddress',
    'CreateEndpoint',
    'Join',
    'ProgramExternalConnectivity',
  ]);
  const routes = await docker('exec', 'out', 'ip', 'route');
  assert.match(routes, /default via 10\.50\.0\.1 dev net0/);
  assert.match(routes, /10\.60\.0\.0\/16 via 10\.50\.0\.77 dev net0/);
  assert.match(routes, /10\.61\.0\.0\/16 dev net0/);
  const { MacAddress, IPAddress } = (await inspected('out')).NetworkSettings.Networks.second;
  const [request] = asked.filter(({ method }) => method.endsWith('RequestAddress'));
  assert.deepEqual(request?.body['Options'], { 'com.docker.network.endpoint.macaddress': MacAddress });
  assert.match(await docker('exec', 'out', 'ip', 'address'), new RegExp(`ether ${MacAddress}[^]*${IPAddress}/24`));
  await docker('network', 'disconnect', 'second', 'out');
  assert.deepEqual(methods(plugin.calls()), [
    'RevokeExternalConnectivity',
    'Leave',
    'DeleteEndpoint',
    'IpamDriver.ReleaseAddress',
  ]);
  plugin.hush();
});

test('a bridge has addresses of a plugin; a container keeps its own until it goes', async () => {
  await docker('network', 'create', '--ipam-driver', 'plug', 'third');
  const [{ IPAM }] = JSON.parse(await docker('network', 'inspect', 'third'));
  assert.deepEqual([IPAM.Driver, IPAM.Config], ['plug', [{ Subnet: '10.200.1.0/24', Gateway: '10.200.1.254' }]]);
  await docker('network', 'connect', '--ip', '10.200.1.44', 'third', 'out');
  assert.match(await docker('exec', 'out', 'ip', 'address'), /10\.200\.1\.44\/24/);
  assert.match(await docker('exec', 'out', 'ping', '-c', '1', '10.200.1.254'), / 0% packet loss/);
  plugin.calls();
  await docker('restart', '-t', '0', 'out');
  assert.deepEqual(methods(plugin.calls()), []);
  await docker('rm', '-f', 'out');
  await eventually('the plugin is asked', async () => plugin.unreadCalls().includes('10.200.1.44'));
  plugin.calls();
  await docker('network', 'rm', 'third');
  assert.deepEqual(
    plugin.calls().map(({ method, body }) => [method, body]),
    [
      ['IpamDriver.ReleaseAddress', { PoolID: 'pool 10.200.1.0/24', Address: '10.200.1.254' }],
      ['IpamDriver.ReleasePool', { PoolID: 'pool 10.200.1.0/24' }],
    ],
  );
});

const refusals: readonly [what: string, method: string, answer: unknown, words: string[], reason: string][] = [
  ['says no', 'NetworkDriver.CreateNetwork', { body: { Err: 'no thanks' } }, [], 'remote: no thanks'],
  [
    'fails',
    'NetworkDriver.CreateNetwork',
    { status: 500, body: { Err: 'five' } },
    [],
    'NetworkDriver.CreateNetwork: five',
  ],
  [
    'knows no such call',
    'NetworkDriver.CreateNetwork',
    { status: 404, body: 'not here' },
    [],
    'NetworkDriver.CreateNetwork: not here',
  ],
  [
    'answers nonsense',
    'NetworkDriver.CreateNetwork',
    { body: 'garbage' },
    [],
    "invalid character 'g' looking for beginning of value",
  ],
  [
    'is no local driver',
    'NetworkDriver.GetCapabilities',
    { body: { Scope: 'global' } },
    [],
    'Cannot create a multi-host network from a worker node. Please create the network from a manager node.',
  ],
  [
    'has no such scope',
    'NetworkDriver.GetCapabilities',
    { body: { Scope: 'x' } },
    [],
    "invalid capability: expecting 'local' or 'global', got x",
  ],
  [
    'has no pool',
    'IpamDriver.RequestPool',
    { body: { Error: 'no pool' } },
    ['--ipam-driver', 'plug'],
    'remote: no pool',
  ],
  [
    'has no address',
    'IpamDriver.RequestAddress',
    { body: { Error: 'no address' } },
    ['--ipam-driver', 'plug'],
    'failed to allocate gateway (): remote: no address',
  ],
  [
    'gives no pool',
    'IpamDriver.RequestPool',
    { body: { PoolID: 'x', Pool: 'nonsense' } },
    ['--ipam-driver', 'plug'],
    'invalid CIDR address: nonsense',
  ],
];

for (const [what, method, answer, words, reason] of refusals) {
  test(`nothing is made when a plugin ${what}`, async () => {
    plugin.say(method, answer);
    assert.equal(
      await fails('network', 'create', '-d', 'plug', ...words, 'bad'),
      `Error response from daemon: ${reason}`,
    );
    plugin.hush();
    assert.doesNotMatch(await docker('network', 'ls'), /\bbad\b/);
  });
}

const startRefusals: readonly [what: string, method: string, answer: unknown, reason: RegExp][] = [
  [
    'makes no endpoint',
    'CreateEndpoint',
    { body: { Err: 'no endpoint' } },
    /failed to create endpoint one on network first: remote: no endpoint$/,
  ],
  [
    'changes an address',
    'CreateEndpoint',
    { body: { Interface: { Address: '1.2.3.4/24' } } },
    /driver modified interface address: endpoint interface IP present \(.*\/16\)\. Cannot be modified with \(1\.2\.3\.4\/24\)$/,
  ],
  ['lets nobody in', 'Join', { body: { Err: 'no join' } }, /remote: no join$/],
  [
    'names an interface that is not there',
    'Join',
    { body: { InterfaceName: { SrcName: 'nolink', DstPrefix: 'eth' } } },
    /nolink|No such device/,
  ],
  [
    'names an interface that cannot be',
    'Join',
    { body: { InterfaceName: { SrcName: 'a/b', DstPrefix: 'eth' } } },
    /invalid interface name: "a\/b"$/,
  ],
];

for (const [what, method, answer, reason] of startRefusals) {
  test(`a container does not start when a plugin ${what}, and nothing is left of it`, async () => {
    plugin.say(`NetworkDriver.${method}`, answer);
    assert.match(await fails('run', '--name', 'one', '--network', 'first', 'busybox', 'true'), reason);
    plugin.hush();
    await docker('rm', 'one');
    const links = await host.exec('ip', '-br', 'link');
    assert.equal(links.match(/^pc/gm), null, links);
  });
}

test('a plugin that hangs holds nobody who wants an end', async () => {
  const begun = performance.now();
  const create = ['--name', 'stuck', '--network', 'first', 'busybox', 'sleep', '1000'];
  /** Ask for what a plugin does not answer, and end it; a call may take a minute. */
  const cutOff = async (method: string, ask: () => Promise<string>, end: readonly string[]): Promise<string> => {
    plugin.calls();
    plugin.say(`NetworkDriver.${method}`, 'hang');
    const asking = ask();
    await eventually(`${method} is asked`, async () => plugin.unreadCalls().includes(`NetworkDriver.${method}"`));
    await daemon.tryDocker([...end, 'stuck']);
    plugin.hush();
    return await asking;
  };
  for (const end of [['stop'], ['kill'], ['rm', '-f']]) {
    assert.match(await cutOff('CreateEndpoint', () => fails('run', '-d', ...create), end), /": context canceled$/);
    await daemon.tryDocker(['rm', '-f', 'stuck']);
  }
  await docker('run', '-d', ...create);
  const connect = () => fails('network', 'connect', 'second', 'stuck');
  assert.match(await cutOff('Join', connect, ['network', 'disconnect', 'second']), /": context canceled$/);
  await cutOff('Leave', () => docker('stop', '-t', '0', 'stuck'), ['rm', '-f']);
  // A single call that is waited for until it is given up takes longer than all of this.
  assert.ok(performance.now() - begun < 50_000);
});

test('a plugin that has ended keeps nobody from stopping; what it has to know it is told when it is back', async () => {
  await plugin.end(() => daemon.tryDocker(['network', 'create', '-d', 'plug', 'none-such']));
  assert.match(
    await fails('network', 'create', '-d', 'absent', 'bad'),
    /could not find plugin absent in v1 plugin registry: plugin not found$/,
  );
  await docker('rm', '-f', 'web');
  await docker('network', 'rm', 'first', 'second');
  assert.equal((await docker('network', 'ls', '-q', '-f', 'driver=plug')).trim(), '');
  plugin.calls();
  await plugin.start();
  await daemon.restart();
  await eventually('its bridges are gone', async () => !(await host.exec('ip', '-br', 'link')).includes('pb'));
  const links = (await host.exec('ip', '-br', 'link'))
    .trim()
    .split('\n')
    .map((line) => line.split(/[@ ]/)[0] ?? '');
  assert.deepEqual(
    links.filter((name) => /^(p[bch]|veth)/.test(name)),
    [],
  );
  assert.ok(methods(plugin.calls()).includes('IpamDriver.ReleasePool'));
});

test('after a reboot a container on a network of a plugin waits for the plugin, others do not, and it starts as soon as it can', async () => {
  await docker('network', 'create', '-d', 'plug', 'wanted');
  const run = (name: string, network: string) =>
    docker('run', '-d', '--restart', 'always', '--name', name, '--network', network, 'busybox', 'sleep', '1000');
  await run('patient', 'wanted');
  await run('plain', 'bridge');
  await plugin.end(() => daemon.tryDocker(['network', 'create', '-d', 'plug', 'none-such']));
  await plugin.forget();
  await reboot(engine);
  const runs = async (name: string) => (await inspected(name)).State.Running === true;
  await eventually('plain runs', () => runs('plain'));
  await eventually('it is said', async () => /container waits for its plugin/.test(daemon.log()));
  assert.equal(await runs('patient'), false);
  await plugin.start();
  await eventually('patient runs', () => runs('patient'));
  assert.match(await docker('exec', 'patient', 'ip', '-o', 'link'), / net0@/);
  assert.doesNotMatch(daemon.log(), /container not started with the daemon/);
  await docker('rm', '-f', 'patient', 'plain');
  await docker('network', 'rm', 'wanted');
});
