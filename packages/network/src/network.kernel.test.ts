import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { silentLogger } from '@fairlead/base';
import { hostTables } from '@fairlead/firewall';
import { localSubnetSources, uniqueLocalSource } from '@fairlead/ipam';
import { features } from '@fairlead/kernel';
import { testNames } from '@fairlead/kernel/testing';
import { describeChange, type KernelObject } from '@fairlead/netlink';
import { Store } from '@fairlead/store';
import { NetworkController } from './controller.ts';
import type { KernelPort } from './kernel-port.ts';
import type { NetworkRequest } from './network/network-request.ts';
import type { PortBinding } from './port/port-model.ts';
import { FakeNameService } from './testing/index.ts';
import { KernelInside, removeHost } from './testing/kernel-inside.ts';

const NAMES = testNames('network');
const HOST = `${NAMES}host`;
const PREFIX = `${NAMES}box-`;

const clean = () => removeHost(HOST, PREFIX);
clean();
afterEach(clean);

const lan: NetworkRequest = { name: 'lan', driver: 'macvlan', ipv6: true, options: { parent: 'uplink' } };

const ports: readonly PortBinding[] = [
  { protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } },
  { protocol: 'udp', containerPort: 53 },
  ...[8000, 8001, 8002].map(
    (port): PortBinding => ({ protocol: 'tcp', containerPort: port, hostPorts: { first: port, last: port } }),
  ),
];

function controllerOn(kernel: KernelPort, store: Store, names: FakeNameService, logged: string[]): NetworkController {
  const error = (message: string, details?: Record<string, unknown>) =>
    void logged.push(`${message}: ${details?.['error']}`);
  const settings = {
    sources: [...localSubnetSources, uniqueLocalSource('engine')],
    mtu: 1500,
    namespacePrefix: PREFIX,
    defaultBridge: { bridge: 'docker0', ipv6: false, masquerade: true, config: [] },
    hostTables: hostTables({ protected: false }),
    ingress: features['ingress hooks'].isSupported(),
    hostResolvConf: () => '',
  };
  return new NetworkController({
    store,
    kernel,
    names,
    settings,
    logger: { ...silentLogger, error, warn: error },
    emit() {},
  });
}

test('the real kernel holds what is wanted after every operation, and a comparison finds nothing to do', async () => {
  using kernel = new KernelInside(HOST, PREFIX);
  await kernel.makeHost();
  const before = kernel.observe('', ['link', 'address', 'route', 'table', 'element']);
  using store = Store.open(':memory:');
  const logged: string[] = [];
  const controller = controllerOn(kernel, store, new FakeNameService(), logged);
  const unchanged = async (when: string) => {
    assert.deepEqual((await controller.repair()).map(describeChange), [], when);
    assert.deepEqual(logged, [], when);
  };
  await (await controller.start(() => true)).compareSandboxes();
  await unchanged('after the start');
  const options = {
    'com.docker.network.bridge.gateway_mode_ipv4': 'routed',
    'com.docker.network.bridge.enable_icc': 'false',
  };
  const networks = [
    await controller.createNetwork({ name: 'plain' }),
    await controller.createNetwork({ name: 'dual', ipv6: true }),
    await controller.createNetwork({ name: 'routed', options }),
    await controller.createNetwork({ name: 'inner', internal: true }),
    await controller.createNetwork({ ...lan, internal: true }),
    await controller.createNetwork({ ...lan, name: 'trunk', options: { parent: 'docker0', macvlan_mode: 'passthru' } }),
  ];
  await unchanged('after networks were made');
  const dns = { servers: [], search: [], options: [] };
  const { id } = await controller.openSandbox({ owner: 'web-id', ownerName: 'web', mode: 'own', ports, dns });
  const endpoints = [];
  for (const network of networks) {
    const [endpoint] = await controller.join(id, [{ network, hostname: 'web', config: {} }]);
    assert.ok(endpoint);
    endpoints.push(endpoint);
    await unchanged(`after ${network.name} was joined`);
  }
  await controller.publish(id, ports.slice(1));
  await unchanged('after other ports were published');
  for (const endpoint of endpoints) {
    await controller.leave(endpoint);
    await unchanged('after a network was left');
  }
  await controller.closeSandbox(id);
  for (const { name } of networks) await controller.removeNetwork(name);
  await unchanged('after everything was removed');
  const left = kernel.observe('', ['link', 'address', 'route', 'table', 'element']);
  const own = (object: KernelObject) =>
    !('link' in object && object.link === 'docker0') && !(object.kind === 'link' && object.name === 'docker0');
  const docker0Only = left.filter(own).filter((object) => object.kind !== 'table');
  const elements = docker0Only.filter((object) => object.kind === 'element' && !object.key.includes('docker0'));
  assert.deepEqual(elements, []);
  assert.deepEqual(
    docker0Only.filter(({ kind }) => kind !== 'element'),
    before,
  );
});

test('the real kernel takes every repair', async () => {
  using kernel = new KernelInside(HOST, PREFIX);
  await kernel.makeHost();
  using store = Store.open(':memory:');
  const logged: string[] = [];
  const controller = controllerOn(kernel, store, new FakeNameService(), logged);
  await (await controller.start(() => true)).compareSandboxes();
  const networks = [await controller.createNetwork({ name: 'dual', ipv6: true }), await controller.createNetwork(lan)];
  const dns = { servers: [], search: [], options: [] };
  const { id, namespace } = await controller.openSandbox({
    owner: 'web-id',
    ownerName: 'web',
    mode: 'own',
    ports,
    dns,
  });
  const requests = networks.map((network) => ({ network, hostname: 'web', config: {} }));
  await controller.join(id, requests);
  const bridges = kernel
    .observe('', ['link'])
    .filter((link) => link.kind === 'link' && link.type.kind === 'bridge' && link.name !== 'uplink');
  const damages: readonly (readonly KernelObject[])[] = [
    bridges,
    kernel.observe('', ['table']),
    kernel.observe('', ['element']).slice(0, 3),
    kernel.observe(namespace, ['route']).filter((route) => route.kind === 'route' && route.via !== undefined),
    kernel.observe(namespace, ['table']),
    kernel.observe(namespace, ['link']).filter((link) => link.kind === 'link' && link.type.kind === 'macvlan'),
    [{ kind: 'namespace', namespace }],
  ];
  for (const objects of damages) {
    assert.ok(objects.length > 0);
    await kernel.apply(objects.map((object) => ({ action: 'remove', object })));
    assert.ok((await controller.repair()).length > 0);
    assert.deepEqual(logged, []);
    assert.deepEqual((await controller.repair()).map(describeChange), []);
  }
});

test('a container on a parent that comes again at once finds its hardware address free', async () => {
  using kernel = new KernelInside(HOST, PREFIX);
  await kernel.makeHost();
  using store = Store.open(':memory:');
  const logged: string[] = [];
  const controller = controllerOn(kernel, store, new FakeNameService(), logged);
  await (await controller.start(() => true)).compareSandboxes();
  const network = await controller.createNetwork(lan);
  const dns = { servers: [], search: [], options: [] };
  const request = { owner: 'web-id', ownerName: 'web', mode: 'own', ports: [], dns } as const;
  const hardwareAddresses = new Set<string | undefined>();
  for (let round = 0; round < 5; round++) {
    const { id } = await controller.openSandbox(request);
    const [endpoint] = await controller.join(id, [{ network, hostname: 'web', config: {} }]);
    hardwareAddresses.add(endpoint?.mac);
    // The last one dies with its engine.
    if (round < 4) await controller.closeSandbox(id);
  }
  await (await controller.start(() => false)).compareSandboxes();
  const { id } = await controller.openSandbox(request);
  await controller.join(id, [{ network, hostname: 'web', config: {} }]);
  assert.deepEqual([hardwareAddresses.size, logged], [1, []]);
});
