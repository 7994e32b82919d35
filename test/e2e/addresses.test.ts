import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { eventuallyEqual } from './life-rig.ts';

/** Containers that are held to their own addresses, and a host that is on the network of its macvlan containers. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const launcher = resolve(import.meta.dirname, '../../fairlead');
const fairlead = (...words: string[]) => host.run([launcher, ...words], { env: { DOCKER_HOST: daemon.address } });

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'served\n' });
  ({ host, daemon } = engine);
});
after(() => engine[Symbol.asyncDispose]());

const server = ['busybox', 'httpd', '-f', '-h', '/var/www'];
const fetch = (place: string) => [
  'timeout',
  '10',
  'sh',
  '-c',
  `until busybox wget -qO- http://${place}/; do sleep 0.02; done`,
];

async function reaches(from: string, address: string, patience = '10'): Promise<boolean> {
  const ping = ['exec', from, 'ping', '-c', '1', '-W', patience, address];
  return (await daemon.tryDocker(ping)).code === 0;
}

test('a container that takes another address is not heard, and the daemon’s end changes nothing of that', async () => {
  const subnets = ['--ipv6', '--subnet', '10.9.1.0/24', '--subnet', 'fd00:9:1::/64'];
  await docker('network', 'create', ...subnets, '-o', 'com.fairlead.antispoof=true', 'held');
  const network = ['--network', 'held'];
  await docker('run', '-d', '--name', 'web', ...network, ...server);
  await docker('run', '-d', '--name', 'forger', '--cap-add', 'NET_ADMIN', ...network, 'busybox', 'sleep', '1000');
  const explained = (await fairlead('explain', 'last')).stdout;
  assert.match(explained, /add element bridge fairlead-antispoof address4 \{ "veth\w+" \. 10\.9\.1\.3 \}/);
  assert.match(explained, /^bridge fdb replace [\da-f:]+ dev veth\w+ master static sticky$/m);
  const others = ['10.9.1.9/24', 'fd00:9:1::9/64'];
  for (const address of ['10.9.1.2', 'fd00:9:1::2', '10.9.1.1']) assert.ok(await reaches('forger', address), address);
  for (const address of others)
    await host.exec(
      'nsenter',
      '--net=/run/netns/fl-forger',
      'ip',
      'address',
      'add',
      address,
      'dev',
      'eth0',
      ...(address.includes(':') ? ['nodad'] : []),
    );
  const heard = async () =>
    (await Promise.all(['10.9.1.9', 'fd00:9:1::9'].map((address) => reaches('web', address, '1')))).join();
  assert.equal(await heard(), 'false,false');
  await daemon.kill9();
  await host.exec('nft', 'delete', 'table', 'bridge', 'fairlead-antispoof');
  await daemon.restart();
  assert.equal(await heard(), 'false,false', 'made anew');
  assert.ok(await reaches('forger', '10.9.1.2'));
  assert.equal((await fairlead('network', 'update', 'held', '-o', 'com.fairlead.antispoof=false')).code, 0);
  // Who was asked for in vain is asked for again a second later.
  await eventuallyEqual(heard, 'true,true');
  await docker('rm', '-f', 'web', 'forger');
});

test('the host and its macvlan containers talk, over a kill of the daemon, until the network goes', async () => {
  const options = ['-o', 'parent=eth0', '-o', 'com.fairlead.host-access=192.0.2.200,2001:db8::200'];
  const subnets = ['--subnet', '192.0.2.0/24', '--ipv6', '--subnet', '2001:db8::/64'];
  await docker('network', 'create', '-d', 'macvlan', ...options, ...subnets, 'lan');
  const addresses = ['--ip', '192.0.2.66', '--ip6', '2001:db8::66'];
  await docker('run', '-d', '--name', 'web', '--network', 'lan', ...addresses, ...server);
  const asked = async () => {
    for (const place of ['192.0.2.66', '[2001:db8::66]']) {
      assert.equal(await host.exec(...fetch(place)), 'served\n', place);
    }
    for (const address of ['192.0.2.200', '2001:db8::200']) assert.ok(await reaches('web', address), address);
  };
  await asked();
  await daemon.kill9();
  const [link] = (await host.exec('ip', '-o', '-br', 'link', 'show', 'type', 'macvlan')).split('@');
  await host.exec('ip', 'link', 'del', link ?? '');
  await daemon.restart();
  await asked();
  assert.match(await docker('exec', 'web', 'cat', '/etc/hosts'), /192\.0\.2\.66/);
  await docker('rm', '-f', 'web');
  assert.doesNotMatch(await host.exec('ip', 'route'), /192\.0\.2\.66/);
  await docker('network', 'rm', 'lan');
  assert.equal(await host.exec('ip', '-o', 'link', 'show', 'type', 'macvlan'), '');
});
