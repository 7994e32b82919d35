import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { runWebServer } from './web-server.ts';

/** Containers on several networks: which is the way out, what moves with it, and what each interface is. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
/** Older releases of the docker command have no networks without IPv4, nor several networks with settings of their own. */
const fairlead = (...words: string[]) => engine.fairlead(...words);
const sleep = ['busybox', 'sleep', '1000'];
const runOn = (name: string, ...networks: string[]) =>
  fairlead('run', '-d', '--name', name, ...networks.flatMap((network) => ['--network', network]), ...sleep);

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
  const networks: readonly (readonly [name: string, third: number, words: readonly string[]])[] = [
    ['alpha', 1, []],
    ['beta', 2, ['--ipv6', '--subnet', 'fd50:2::/64']],
    ['gamma', 3, ['--internal']],
  ];
  for (const [name, third, words] of networks) {
    await docker('network', 'create', '--subnet', `10.50.${third}.0/24`, ...words, name);
  }
  await fairlead('network', 'create', '--no-ipv4', '--ipv6', '--subnet', 'fd50:4::/64', 'six');
});
after(() => engine[Symbol.asyncDispose]());

async function ways(name: string): Promise<string> {
  const text = await docker('exec', name, 'sh', '-c', 'ip -4 route show default; ip -6 route show default');
  return [...text.matchAll(/via (\S+)/g)].map(([, router]) => router).join(' ');
}

async function fetch(port: number): Promise<string> {
  const url = `http://${host.addresses.host.ipv4}:${port}/`;
  return (await host.outside.run(['timeout', '3', 'busybox', 'wget', '-qO-', url])).stdout;
}

test('the way out is chosen anew whenever a network comes or goes, and the ports go with it', async () => {
  await runWebServer(daemon, 'mover', '--network', 'beta', '-p', '8080:80');
  assert.equal(await ways('mover'), '10.50.2.1 fd50:2::1');
  // Both families go before one.
  await docker('network', 'connect', 'alpha', 'mover');
  assert.equal(await ways('mover'), '10.50.2.1 fd50:2::1');
  await docker('network', 'connect', 'gamma', 'mover');
  assert.equal(await ways('mover'), '10.50.2.1 fd50:2::1');
  assert.equal(await fetch(8080), 'it works\n');
  await docker('network', 'disconnect', 'beta', 'mover');
  assert.equal(await ways('mover'), '10.50.1.1');
  assert.equal(await fetch(8080), 'it works\n');
  const published = await host.exec('nft', 'list', 'map', 'inet', 'fairlead', 'publish4');
  assert.match(published, /tcp \. 8080 : 10\.50\.1\.2 \. 80/);
  // IPv6 by one network, IPv4 by the other.
  await docker('network', 'connect', 'six', 'mover');
  assert.equal(await ways('mover'), '10.50.1.1 fd50:4::1');
  await docker('network', 'disconnect', 'alpha', 'mover');
  assert.equal(await ways('mover'), 'fd50:4::1');
  assert.equal(await fairlead('port', 'mover'), '80/tcp -> [::]:8080\n');
  await docker('network', 'disconnect', 'six', 'mover');
  assert.equal(await fairlead('port', 'mover'), '');
  await docker('network', 'connect', 'alpha', 'mover');
  assert.equal(await fetch(8080), 'it works\n');
  await docker('rm', '-f', 'mover');
});

test('a higher gw-priority wins, and one below nothing loses', async () => {
  await runOn('first', 'name=alpha,gw-priority=1', 'beta');
  assert.equal(await ways('first'), '10.50.1.1 fd50:2::1');
  await runOn('last', 'name=beta,gw-priority=-1');
  await fairlead('network', 'connect', '--gw-priority', '0', 'alpha', 'last');
  assert.equal(await ways('last'), '10.50.1.1 fd50:2::1');
  const priority = '{{(index .NetworkSettings.Networks "beta").GwPriority}}';
  assert.equal(await fairlead('inspect', '-f', priority, 'last'), '-1\n');
  await docker('rm', '-f', 'first', 'last');
});

test('interfaces come in the order of the request, and a hole is filled by the next', async () => {
  await runOn('ordered', 'gamma', 'beta', 'alpha');
  const look = async () => {
    const text = await docker('exec', 'ordered', 'ip', '-4', '-o', 'addr');
    return [...text.matchAll(/(eth\d)\s+inet 10\.50\.(\d)/g)]
      .map(([, name, third]) => `${name}=${third}`)
      .sort()
      .join(' ');
  };
  // The docker command of 28 names all but the first by the alphabet, for a map of Go has no order.
  assert.equal(await look(), 'eth0=3 eth1=2 eth2=1');
  await docker('restart', '-t', '0', 'ordered');
  assert.equal(await look(), 'eth0=3 eth1=2 eth2=1');
  await docker('network', 'disconnect', 'beta', 'ordered');
  assert.equal(await look(), 'eth0=3 eth2=1');
  await docker('network', 'connect', 'beta', 'ordered');
  assert.equal(await look(), 'eth0=3 eth1=2 eth2=1');
  await docker('rm', '-f', 'ordered');
});

test('an endpoint has the name, the settings and the further addresses that were asked for', async () => {
  const sysctl = 'driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1';
  const name = 'driver-opt=com.docker.network.endpoint.ifname=wan0';
  const network = `name=beta,ip=10.50.2.77,ip6=fd50:2::77,alias=server,mac-address=02:00:00:00:07:07`;
  const local = 'link-local-ip=169.254.9.9,link-local-ip=fe80::99';
  await runOn('special', `${network},${local},${name},${sysctl}`);
  const text = await docker('exec', 'special', 'ip', 'addr', 'show', 'wan0');
  for (const part of ['02:00:00:00:07:07', '10.50.2.77/24', 'fd50:2::77/64', '169.254.9.9/16', 'fe80::99/64']) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  assert.equal(await docker('exec', 'special', 'cat', '/proc/sys/net/ipv4/conf/wan0/log_martians'), '1\n');
  const links = '{{(index .NetworkSettings.Networks "beta").IPAMConfig.LinkLocalIPs}}';
  assert.equal(await docker('inspect', '-f', links, 'special'), '[169.254.9.9 fe80::99]\n');
  const clash = await daemon.tryDocker([
    'network',
    'connect',
    '--driver-opt',
    'com.docker.network.endpoint.ifname=wan0',
    'alpha',
    'special',
  ]);
  assert.match(clash.stderr, /error renaming interface.*wan0.*file exists/);
  await docker('rm', '-f', 'special');
});

test('networks of a container that does not run are noted and joined at its start', async () => {
  await docker('create', '--name', 'late', '--network', 'alpha', ...sleep);
  await docker('network', 'connect', '--ip', '10.50.2.88', '--alias', 'tardy', 'beta', 'late');
  await docker('network', 'disconnect', 'alpha', 'late');
  assert.equal(await docker('network', 'inspect', '-f', '{{len .Containers}}', 'beta'), '0\n');
  await docker('start', 'late');
  assert.match(await docker('exec', 'late', 'ip', '-4', '-o', 'addr'), /eth0\s+inet 10\.50\.2\.88/);
  assert.match(
    await docker('run', '--rm', '--network', 'beta', 'busybox', 'ping', '-c1', '-W2', 'tardy'),
    /1 packets received/,
  );
  await docker('rm', '-f', 'late');
});

test('every change of a network is an event', async () => {
  const since = `${Date.now() / 1000}`;
  const id = (await docker('network', 'create', '--label', 'of=events', 'told')).trim();
  const container = (await docker('run', '-d', '--network', 'told', ...sleep)).trim();
  await docker('network', 'connect', 'alpha', container);
  await docker('network', 'disconnect', 'alpha', container);
  await docker('rm', '-f', container);
  await docker('network', 'prune', '-f', '--filter', 'label=of=events');
  const form =
    '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}} {{.Actor.Attributes.container}} {{.Actor.Attributes.reclaimed}}';
  const words = ['events', '--since', since, '--until', `${Date.now() / 1000 + 1}`, '--filter', 'type=network'];
  const none = '<no value>';
  const told = await docker(...words, '--format', form);
  assert.deepEqual(told.trim().split('\n'), [
    `create told bridge ${none} ${none}`,
    `connect told bridge ${container} ${none}`,
    `connect alpha bridge ${container} ${none}`,
    `disconnect alpha bridge ${container} ${none}`,
    `disconnect told bridge ${container} ${none}`,
    `destroy told bridge ${none} ${none}`,
    `prune ${none} ${none} ${none} 0`,
  ]);
  assert.ok((await docker(...words, '--format', '{{.Actor.ID}}')).startsWith(id));
});
