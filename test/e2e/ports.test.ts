import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { runWebServer } from './web-server.ts';

/** Published ports as the docker command asks for them, shows them, and is refused them. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const web = ['busybox', 'httpd', '-f', '-h', '/var/www'];

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
  await docker('network', 'create', '--ipv6', 'dual');
});
after(() => engine[Symbol.asyncDispose]());

async function fetch(space: Host | Host['outside'], place: string): Promise<boolean> {
  return (await space.run(['timeout', '3', 'busybox', 'wget', '-qO-', `http://${place}/`])).stdout === 'it works\n';
}

function serve(name: string, ...words: string[]): Promise<void> {
  return runWebServer(daemon, name, ...words);
}

async function portsOf(name: string): Promise<string> {
  return (await docker('inspect', '-f', '{{json .NetworkSettings.Ports}}', name)).trim();
}

test('ports of an address that the host does not have yet answer from the moment it comes', async () => {
  const published = ['-p', '192.0.2.80:8080:80', '-p', '[2001:db8::80]:8080:80'];
  await serve('early', '--network', 'dual', ...published);
  assert.match(daemon.log(), /"address":"192\.0\.2\.80","msg":"published ports wait for their host address"/);
  await host.exec('ip', 'address', 'add', '192.0.2.80/24', 'dev', 'eth0');
  await host.exec('ip', 'address', 'add', '2001:db8::80/64', 'dev', 'eth0', 'nodad');
  for (const space of [host.outside, host]) {
    assert.ok(await fetch(space, '192.0.2.80:8080'));
    assert.ok(await fetch(space, '[2001:db8::80]:8080'));
    assert.equal(await fetch(space, '192.0.2.2:8080'), false);
  }
  await docker('rm', '-f', 'early');
  // Nothing holds it any more.
  await serve('next', '-p', '192.0.2.80:8080:80');
  assert.ok(await fetch(host.outside, '192.0.2.80:8080'));
  await docker('rm', '-f', 'next');
});

test('a container with IPv4 alone is reached by IPv6 and by ::1', async () => {
  await serve('four', '-p', '8081:80');
  for (const place of ['192.0.2.2:8081', '[2001:db8::2]:8081']) assert.ok(await fetch(host.outside, place), place);
  for (const place of ['127.0.0.1:8081', '[::1]:8081']) assert.ok(await fetch(host, place), place);
  await docker('rm', '-f', 'four');
});

test('ports are shown in both families, under one number, null when they are only exposed', async () => {
  await serve('shown', '--network', 'dual', '-p', '8082:80', '-p', '53/udp', '--expose', '443');
  const ports: Record<string, { HostIp: string; HostPort: string }[] | null> = JSON.parse(await portsOf('shown'));
  assert.deepEqual(ports['80/tcp'], [
    { HostIp: '0.0.0.0', HostPort: '8082' },
    { HostIp: '::', HostPort: '8082' },
  ]);
  assert.equal(ports['443/tcp'], null);
  const [v4, v6] = ports['53/udp'] ?? [];
  assert.deepEqual([v4?.HostIp, v6?.HostIp, v4?.HostPort], ['0.0.0.0', '::', v6?.HostPort]);
  await docker('stop', '-t', '0', 'shown');
  assert.equal(await portsOf('shown'), '{}');
  await docker('rm', 'shown');
});

test('a routed port has no port of the host', async () => {
  const mode = ['-o', 'com.docker.network.bridge.gateway_mode_ipv6=routed'];
  await docker('network', 'create', '--ipv6', ...mode, 'routed');
  await serve('routed', '--network', 'routed', '-p', '8083:80');
  assert.equal(
    await portsOf('routed'),
    '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8083"},{"HostIp":"::","HostPort":""}]}',
  );
  await docker('rm', '-f', 'routed');
});

test('a range is published at once, one of a range is any free one, and equal ranges go in step', async () => {
  await serve('range', '-p', '9000-9999:9000-9999', '-p', '7000-7005:80', '-p', '7100-7102:78-80');
  assert.ok(await fetch(host.outside, '192.0.2.2:7000'));
  assert.ok(await fetch(host.outside, '192.0.2.2:7102'));
  await serve('second', '-p', '7000-7005:80');
  assert.equal(await engine.fairlead('port', 'second'), '80/tcp -> 0.0.0.0:7001\n80/tcp -> [::]:7001\n');
  const clash = await daemon.tryDocker(['run', '-d', '--name', 'clash', '-p', '9500:80', ...web]);
  assert.match(
    clash.stderr,
    /driver failed programming external connectivity on endpoint clash \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:9500 failed: port is already allocated/,
  );
  await docker('rm', '-f', 'range', 'second', 'clash');
});

test('a long range is kept from other programs, refused where one has a port of it, and changed in part', async () => {
  const listen = (port: number) => host.run(['timeout', '1', 'busybox', 'nc', '-l', '-p', `${port}`]);
  const isTaken = async (port: number) => /Address already in use/.test((await listen(port)).stderr);
  await serve('long', '--network', 'dual', '-p', '20000-29999:20000-29999', '-p', '20000-20999:20000-20999/udp');
  assert.deepEqual(await Promise.all([20_000, 25_000, 29_999].map(isTaken)), [true, true, true]);
  assert.equal(await engine.fairlead('port', 'long', '29999'), '0.0.0.0:29999\n[::]:29999\n');
  const clash = await daemon.tryDocker(['run', '--rm', '-p', '127.0.0.1:21000-22000:21000-22000', ...web]);
  assert.match(clash.stderr, /Bind for 127\.0\.0\.1:21000 failed: port is already allocated/);
  await engine.fairlead('port', 'rm', 'long', '25000');
  await engine.fairlead('port', 'add', 'long', '25000:80');
  assert.ok(await fetch(host.outside, '192.0.2.2:25000'));
  await engine.fairlead('port', 'rm', 'long', '29000-29999');
  assert.deepEqual(await Promise.all([28_999, 29_000].map(isTaken)), [true, false]);
  await docker('rm', '-f', 'long');
  const holder = host.start(['busybox', 'nc', '-l', '-p', '20010']);
  await host.exec('timeout', '10', 'sh', '-c', 'until ss -ltn | grep -q :20010; do sleep 0.02; done');
  const taken = await daemon.tryDocker(['run', '--name', 'taken', '-p', '20000-29999:20000-29999', ...web]);
  assert.match(taken.stderr, /failed to bind host port 0\.0\.0\.0:20010\/tcp: address already in use/);
  assert.equal(await isTaken(20_011), false, 'all or nothing');
  holder.kill();
  await docker('rm', '-f', 'taken');
});

test('a port that another program has is refused with its reason', async () => {
  const holder = host.start(['busybox', 'nc', '-l', '-p', '8084']);
  await host.exec('timeout', '10', 'sh', '-c', 'until ss -ltn | grep -q :8084; do sleep 0.02; done');
  const taken = await daemon.tryDocker(['run', '--name', 'taken', '-p', '8084:80', ...web]);
  assert.match(
    taken.stderr,
    /failed to set up container networking: driver failed programming external connectivity on endpoint taken \([0-9a-f]{64}\): failed to bind host port 0\.0\.0\.0:8084\/tcp: address already in use/,
  );
  holder.kill();
  await docker('rm', '-f', 'taken');
  const full = await daemon.tryDocker([
    'run',
    '--rm',
    '-p',
    '8085-8086:80',
    '-p',
    '8085-8086:81',
    '-p',
    '8085-8086:82',
    ...web,
  ]);
  assert.match(full.stderr, /all ports are allocated/);
});

const wrong: readonly (readonly [port: string, message: RegExp])[] = [
  ['80:80/icmp', /invalid proto: icmp/],
  ['300.0.0.1:80:80', /invalid IP address: 300\.0\.0\.1/],
  ['x:80', /invalid hostPort: x/],
  ['80:x', /invalid containerPort: x/],
  ['1-3:1-2', /invalid ranges specified for container and host Ports: 1-2 and 1-3/],
];
for (const [port, message] of wrong) {
  test(`refused: -p ${port}`, async () => {
    // Each release of the docker command has words of its own for it.
    assert.notEqual((await daemon.tryDocker(['create', '-p', port, ...web])).code, 0);
    const { code, stderr } = await engine.tryFairlead('create', '-p', port, ...web);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
  });
}

test('ports of a container that runs are added and taken away, and connections of others go on', async () => {
  const fairlead = (...words: string[]) => engine.tryFairlead(...words);
  await serve('live', '-p', '8090:80');
  assert.equal((await fairlead('port', 'add', 'live', '8091:80', '127.0.0.1:8092:80')).code, 0);
  for (const port of [8090, 8091]) assert.ok(await fetch(host.outside, `192.0.2.2:${port}`));
  assert.ok(await fetch(host, '127.0.0.1:8092'));
  assert.equal(await fetch(host.outside, '192.0.2.2:8092'), false);
  assert.equal(
    (await fairlead('port', 'live', '80')).stdout,
    '0.0.0.0:8090\n0.0.0.0:8091\n127.0.0.1:8092\n[::]:8090\n[::]:8091\n',
  );
  const taken = await fairlead('port', 'add', 'live', '8093:80', '8090:81');
  assert.match(taken.stderr, /Bind for 0\.0\.0\.0:8090 failed: port is already allocated/);
  assert.equal(await fetch(host.outside, '192.0.2.2:8093'), false, 'all or nothing');
  assert.equal((await fairlead('port', 'rm', 'live', '8090:80', '127.0.0.1::80')).code, 0);
  assert.equal(await fetch(host.outside, '192.0.2.2:8090'), false);
  assert.ok(await fetch(host.outside, '192.0.2.2:8091'));
  assert.match((await fairlead('port', 'rm', 'live', '8090:80')).stderr, /port 8090:80\/tcp is not published/);
  await docker('restart', '-t', '0', 'live');
  assert.equal(await engine.fairlead('port', 'live'), '80/tcp -> 0.0.0.0:8091\n80/tcp -> [::]:8091\n');
  await docker('rm', '-f', 'live');
});
