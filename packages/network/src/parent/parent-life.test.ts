import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkObject } from '@fairlead/netlink';
import type { EndpointConfig, Network } from '../model.ts';
import type { NetworkRequest } from '../network/network-request.ts';
import type { PortBinding } from '../port/port-model.ts';
import { Life } from '../testing/life.ts';
import { Rig } from '../testing/rig.ts';

const web: PortBinding = { protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } };

async function lan(rig: Rig, more: Partial<NetworkRequest> = {}): Promise<Network> {
  const options = { parent: 'uplink.7' };
  const ipam = { config: [{ subnet: '10.50.0.0/24', gateway: '10.50.0.1' }] };
  return await rig.controller.createNetwork({ name: 'lan', driver: 'macvlan', options, ipam, ...more });
}

function links(rig: Rig, namespace: string): LinkObject[] {
  const own = (link: LinkObject) => link.name !== 'lo' && link.name !== 'uplink' && link.name !== 'docker0';
  return rig.kernel
    .observe(namespace, ['link'])
    .filter((link) => link.kind === 'link')
    .filter(own);
}

const names = (objects: readonly LinkObject[]) => objects.map(({ name }) => name).sort();

function ways(rig: Rig): string[] {
  return rig.kernel
    .observe('fl-web', ['route'])
    .flatMap((route) =>
      route.kind === 'route' && route.protocol === 4 ? [`${route.via ?? 'none'} ${route.link}`] : [],
    );
}

test('a container on a parent is attached and named, and leaves nothing when it is closed', async () => {
  using rig = await Rig.started();
  const empty = rig.snapshot();
  const network = await lan(rig);
  const sandbox = await rig.sandbox('web');
  const endpoint = await rig.join(sandbox, network, { aliases: ['db'] });
  rig.assertConsistent();
  const { interface: link, hostInterface, hostMac, ipv4, mac } = endpoint;
  assert.deepEqual(
    [link, hostInterface, hostMac, ipv4, mac],
    ['eth0', undefined, undefined, '10.50.0.2', '02:42:0a:32:00:02'],
  );
  assert.deepEqual(rig.names.endpoints.get(endpoint.id)?.aliases, ['db']);
  assert.deepEqual(ways(rig), ['10.50.0.1 eth0']);
  await rig.controller.closeSandbox(sandbox.id);
  rig.controller.releaseLeases(sandbox.owner);
  await rig.controller.removeNetwork('lan');
  assert.equal(rig.snapshot(), empty);
});

test('an address that the host has on the same wire is not given to a container by itself', async () => {
  using rig = await Rig.started();
  const ipam = { config: [{ subnet: '192.0.2.0/24', gateway: '192.0.2.254' }] };
  const network = await lan(rig, { options: { parent: 'uplink' }, ipam });
  const { ipv4 } = await rig.join(await rig.sandbox('web'), network);
  assert.equal(ipv4, '192.0.2.2');
  const { ipv4: asked } = await rig.join(await rig.sandbox('other'), network, { ipv4Address: '192.0.2.1' });
  assert.equal(asked, '192.0.2.1');
});

test('a VLAN goes with the last of the networks that use it', async () => {
  using rig = await Rig.started();
  const request = { ipam: { config: [{ subnet: '10.51.0.0/24' }] }, name: 'second' };
  await lan(rig);
  await lan(rig, request);
  rig.assertConsistent();
  await rig.controller.removeNetwork('lan');
  assert.deepEqual(names(links(rig, '')), ['uplink.7']);
  rig.assertConsistent();
  await rig.boot(new Life());
  rig.become(new Life({ failAt: 1 }));
  await assert.rejects(lan(rig), /injected/);
  assert.deepEqual(names(links(rig, '')), ['uplink.7'], 'one that cannot be made does not take it away');
  rig.become(new Life());
  await rig.controller.removeNetwork('second');
  assert.deepEqual(links(rig, ''), []);
  rig.assertConsistent();
});

const missing: readonly [Parameters<Rig['kernel']['supports']>[0], Partial<NetworkRequest>, RegExp][] = [
  ['macvlan links', {}, /no links of kind macvlan: its module macvlan is missing/],
  ['ipvlan links', { driver: 'ipvlan' }, /no links of kind ipvlan: its module ipvlan is missing/],
  ['vlan links', {}, /no links of kind vlan: its module 8021q is missing/],
  ['dummy links', { options: {} }, /no links of kind dummy: its module dummy is missing/],
];

for (const [feature, request, message] of missing) {
  test(`a kernel without ${feature} says so, and nothing is left`, async () => {
    using rig = await Rig.started();
    const before = rig.snapshot();
    rig.kernel.missing.add(feature);
    await assert.rejects(lan(rig, request), message);
    assert.equal(rig.snapshot(), before);
  });
}

test('ipvlan without a parent has the links of a dummy, without hardware addresses of their own', async () => {
  using rig = await Rig.started();
  const network = await lan(rig, { driver: 'ipvlan', options: { ipvlan_mode: 'l3s', ipvlan_flag: 'private' } });
  const endpoint = await rig.join(await rig.sandbox('web'), network);
  rig.assertConsistent();
  assert.equal(endpoint.mac, undefined);
  assert.deepEqual(names(links(rig, '')), [`di-${network.id.slice(0, 12)}`]);
  const [child] = links(rig, 'fl-web');
  assert.deepEqual(child?.type, { kind: 'ipvlan', parent: network.parent?.name, mode: 'l3s', flag: 'private' });
  assert.deepEqual(ways(rig), [], 'it is internal');
});

test('ipvlan in layer 3 leads out by its link, also beside a bridge', async () => {
  using rig = await Rig.started();
  const routed = await lan(rig, { driver: 'ipvlan', options: { parent: 'uplink', ipvlan_mode: 'l3' }, ipv6: true });
  const app = await rig.controller.createNetwork({ name: 'app' });
  const sandbox = await rig.sandbox('web', { ports: [web] });
  await rig.join(sandbox, app);
  assert.deepEqual(rig.names.heldPorts.length, 2);
  const endpoint = await rig.join(sandbox, routed);
  rig.assertConsistent();
  assert.deepEqual(ways(rig), ['none eth1', 'none eth1']);
  assert.deepEqual(rig.names.heldPorts, []);
  assert.match(rig.logged.join('\n'), /^published ports passed over: the way out is no bridge/);
  await rig.controller.leave(endpoint);
  assert.deepEqual(rig.names.heldPorts.length, 2);
  rig.assertConsistent();
});

test('addresses and names of interfaces are those that are asked for, and stay', async () => {
  using rig = await Rig.started();
  const network = await lan(rig, {
    options: { parent: 'uplink', 'com.docker.network.container_iface_prefix': 'wire' },
    ipv6: true,
    ipam: {
      config: [{ subnet: '10.50.0.0/24' }, { subnet: '10.60.0.0/24', gateway: '10.60.0.1' }, { subnet: 'fd50::/64' }],
    },
  });
  const config: EndpointConfig = { ipv4Address: '10.60.0.9', macAddress: '02:00:00:00:00:09' };
  const first = await rig.sandbox('web');
  const endpoint = await rig.join(first, network, config);
  const told = ({ ipv4, ipv6, mac, interface: link }: typeof endpoint) => [ipv4, ipv6, mac, link];
  assert.deepEqual(told(endpoint), ['10.60.0.9', 'fd50::1', '02:00:00:00:00:09', 'wire0']);
  assert.deepEqual(ways(rig), ['10.60.0.1 wire0']);
  const other = await rig.join(await rig.sandbox('other'), network);
  assert.deepEqual(told(other).slice(0, 2), ['10.50.0.1', 'fd50::2']);
  await rig.controller.closeSandbox(first.id);
  assert.deepEqual(told(await rig.join(await rig.sandbox('web'), network, config)), told(endpoint));
  rig.assertConsistent();
});

test('a single container has a parent in mode passthru; the next one is refused and leaves nothing', async () => {
  using rig = await Rig.started();
  const network = await lan(rig, { options: { parent: 'uplink', macvlan_mode: 'passthru' } });
  const sandbox = await rig.sandbox('web');
  await rig.join(sandbox, network);
  const second = await rig.sandbox('second');
  const before = rig.snapshot();
  await assert.rejects(rig.join(second, network), {
    code: 'forbidden',
    message: 'network lan is in use: parent interface uplink is passed through to container web',
  });
  assert.equal(rig.snapshot(), before);
  rig.assertConsistent();
  await rig.controller.closeSandbox(sandbox.id);
  await rig.join(second, network);
  rig.assertConsistent();
});
