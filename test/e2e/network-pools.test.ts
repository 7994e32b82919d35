import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import { busyboxImage, Daemon, Host } from '@fairlead/lab';

/** Where networks have their subnets from, and containers their addresses. */

let host: Host;
let daemon: Daemon;
const parts = new AsyncDisposableStack();
const docker = (...words: string[]) => daemon.docker(...words);
const failing = async (...words: string[]) => (await daemon.tryDocker(words)).stderr;

before(async () => {
  host = parts.use(await Host.create());
  const file = join(host.folder, 'daemon.json');
  const pools = [
    { base: '10.60.0.0/23', size: 24 },
    { base: 'fd60::/63', size: 64 },
  ];
  writeFileSync(file, JSON.stringify({ bip: '10.61.0.1/24', 'default-address-pools': pools }));
  daemon = parts.use(await Daemon.fairlead(host, ['--config-file', file]));
  const image = join(host.folder, 'busybox.tar');
  await busyboxImage(image);
  await docker('load', '-i', image);
});
after(() => parts.disposeAsync());

/** Docker 29's command writes absent fields as empty ones. */
async function pools(network: string): Promise<unknown> {
  const text = await docker('network', 'inspect', '-f', '{{json .IPAM.Config}}', network);
  return JSON.parse(text, (_, value) => (value === '' ? undefined : value));
}

async function addresses(network: string, ...words: string[]): Promise<string[]> {
  const run = ['run', '--rm', '--network', network, ...words, 'busybox', 'ip', '-o', 'addr', 'show', 'eth0'];
  return [...(await docker(...run)).matchAll(/inet6? ([^f]\S+|fd\S+)/g)].map(([, address = '']) => address);
}

test('networks get the lowest free chunks of the configured pools, until there are no more', async () => {
  await docker('network', 'create', '--ipv6', 'one');
  assert.deepEqual(await pools('one'), [
    { Subnet: '10.60.0.0/24', Gateway: '10.60.0.1' },
    { Subnet: 'fd60::/64', Gateway: 'fd60::1' },
  ]);
  await docker('network', 'create', 'two');
  assert.match(await failing('network', 'create', 'three'), /all predefined address pools have been fully subnetted/);
  await docker('network', 'rm', 'one');
  await docker('network', 'create', '--ipv6', '--subnet', '0.0.0.0/26', '--subnet', '::/80', 'small');
  assert.deepEqual(await pools('small'), [
    { Subnet: '10.60.0.0/26', Gateway: '10.60.0.1' },
    { Subnet: 'fd60::/80', Gateway: 'fd60::1' },
  ]);
  await docker('network', 'rm', 'two', 'small');
});

test('addresses come from the range, static ones from the whole subnet, and kept ones are nobody’s', async () => {
  const words = ['--subnet', '10.62.0.0/24', '--ip-range', '10.62.0.128/30', '--aux-address', 'router=10.62.0.129'];
  await docker('network', 'create', ...words, 'ranged');
  assert.deepEqual(await pools('ranged'), [
    {
      Subnet: '10.62.0.0/24',
      IPRange: '10.62.0.128/30',
      Gateway: '10.62.0.128',
      AuxiliaryAddresses: { router: '10.62.0.129' },
    },
  ]);
  assert.deepEqual(await addresses('ranged'), ['10.62.0.130/24']);
  assert.deepEqual(await addresses('ranged', '--ip', '10.62.0.9'), ['10.62.0.9/24']);
  for (const name of ['first', 'second'])
    await docker('run', '-d', '--name', name, '--network', 'ranged', 'busybox', 'sleep', '1000');
  assert.match(
    await failing('run', '--rm', '--network', 'ranged', 'busybox', 'true'),
    /no available IPv4 addresses on this network's address pools: ranged \([0-9a-f]{64}\)/,
  );
  const api = new ApiClient(`unix://${daemon.socketPath}`);
  const { Status } = await api.json<{ Status: unknown }>('GET', '/networks/ranged');
  assert.deepEqual(Status, { IPAM: { Subnets: { '10.62.0.0/24': { IPsInUse: 6, DynamicIPsAvailable: 0 } } } });
  assert.match(
    await failing('run', '--rm', '--network', 'ranged', '--ip', '10.62.0.129', 'busybox', 'true'),
    /Address already in use/,
  );
  await docker('rm', '-f', 'first', 'second');
});

test('a configuration is kept for others, who have it from there', async () => {
  const words = ['--subnet', '10.63.0.0/24', '--label', 'team=blue', '-o', 'com.docker.network.driver.mtu=1400'];
  await docker('network', 'create', '--config-only', ...words, 'shape');
  await docker('network', 'create', '--config-from', 'shape', 'shaped');
  const form = '{{.Driver}} {{.ConfigOnly}} {{.ConfigFrom.Network}} {{.Labels.team}} {{(index .IPAM.Config 0).Subnet}}';
  assert.equal(
    await docker('network', 'inspect', '-f', form, 'shape', 'shaped'),
    'null true  blue 10.63.0.0/24\nbridge false shape blue 10.63.0.0/24\n',
  );
  assert.equal(
    await docker('run', '--rm', '--network', 'shaped', 'busybox', 'cat', '/sys/class/net/eth0/mtu'),
    '1400\n',
  );
  await daemon.restart();
  assert.match(await failing('network', 'rm', 'shape'), /configuration network "shape" is in use/);
  await docker('network', 'rm', 'shaped');
  await docker('network', 'rm', 'shape');
});

test('on a wire where others give addresses containers have links without any', async () => {
  await docker('network', 'create', '-d', 'macvlan', '-o', 'parent=eth0', '--ipam-driver', 'null', 'wire');
  assert.deepEqual(await pools('wire'), [{ Subnet: '0.0.0.0/0' }]);
  assert.deepEqual(await addresses('wire'), []);
  const script = 'ip addr add 192.0.2.66/24 dev eth0 && ping -c1 -W2 192.0.2.1';
  const words = ['--cap-add', 'NET_ADMIN', '--network', 'wire', 'busybox', 'sh', '-c', script];
  assert.match(await docker('run', '--rm', ...words), / 1 packets received/);
  await docker('network', 'rm', 'wire');
});

test('prune takes what nobody is on, and of that what the filters say', async () => {
  for (const [name, label] of [
    ['kept', 'a=1'],
    ['gone', 'a=2'],
    ['used', 'a=2'],
  ] as const) {
    await docker('network', 'create', '--subnet', `10.64.${name.charCodeAt(0)}.0/24`, '--label', label, name);
  }
  await docker('run', '-d', '--name', 'user', '--network', 'used', 'busybox', 'sleep', '1000');
  const prune = async (...filters: string[]) =>
    await docker('network', 'prune', '-f', ...filters.flatMap((filter) => ['--filter', filter]));
  assert.equal(await prune('label=a=3'), '');
  assert.equal(await prune('until=1h'), '');
  assert.equal(await prune('label=a', 'label!=a=1'), 'Deleted Networks:\ngone\n\n');
  assert.match(await prune(), /^Deleted Networks:\n(kept|ranged)\n(kept|ranged)\n\n$/);
  assert.match(await docker('network', 'ls', '--filter', 'dangling=false', '--filter', 'type=custom'), /used/);
});
