import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress, parseIpAddress } from '@fairlead/base';
import { hostAddressElement, hostElement } from '@fairlead/firewall';
import { type Change, describeChange, type KernelObject, type LinkObject } from '@fairlead/netlink';
import type { PortBinding } from '../port/port-model.ts';
import { Life } from '../testing/life.ts';
import { plainSettings, Rig } from '../testing/rig.ts';

const web: PortBinding = { protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } };

const vethToWeb = { kind: 'veth', peer: { namespace: 'fl-web', name: 'eth0' } } as const;

/** A machine with a container on four networks: two bridges, one of them with IPv6, and two on parents. */
async function inhabited(): Promise<Rig> {
  const rig = await Rig.started();
  const networks = [
    await rig.controller.createNetwork({ name: 'plain' }),
    await rig.controller.createNetwork({ name: 'dual', ipv6: true }),
    await rig.controller.createNetwork({ name: 'lan', driver: 'macvlan', ipv6: true, options: { parent: 'uplink.7' } }),
    await rig.controller.createNetwork({
      name: 'routed',
      driver: 'ipvlan',
      options: { parent: '', ipvlan_mode: 'l3' },
    }),
  ];
  const sandbox = await rig.sandbox('web', { ports: [web, { protocol: 'udp', containerPort: 53 }] });
  await rig.controller.join(
    sandbox.id,
    networks.map((network) => ({ network, hostname: 'web', config: {} })),
  );
  return rig;
}

function link(rig: Rig, namespace: string, name: string | undefined): LinkObject {
  const found = rig.kernel
    .observe(namespace, ['link'])
    .find((object) => object.kind === 'link' && object.name === name);
  assert.ok(found?.kind === 'link');
  return found;
}

function bridgeOf(rig: Rig, name: string): LinkObject {
  return link(rig, '', rig.controller.findNetwork(name).bridge?.name);
}

function parentOf(rig: Rig, name: string): string | undefined {
  return rig.controller.findNetwork(name).parent?.name;
}

/** A surplus veth is removed by its name; as the other end of another one it could not be. */
function outerEnd(rig: Rig): LinkObject {
  const [endpoint] = [...rig.state.sandboxes].flatMap(({ id }) => rig.controller.endpointsIn(id));
  return { ...link(rig, '', endpoint?.hostInterface), type: { kind: 'other', name: 'veth' } };
}

const damages: readonly [string, (rig: Rig) => readonly Change[]][] = [
  ['a bridge is deleted', (rig) => [{ action: 'remove', object: bridgeOf(rig, 'plain') }]],
  ['a bridge is switched off', (rig) => [changed(bridgeOf(rig, 'dual'), { up: false })]],
  ['a bridge has another MTU', (rig) => [changed(bridgeOf(rig, 'plain'), { mtu: 1400 })]],
  ['a bridge has an address that nobody asked for', (rig) => [added(addressOn(bridgeOf(rig, 'plain'), '10.9.9.1/24'))]],
  ['a container’s link is deleted', (rig) => [{ action: 'remove', object: outerEnd(rig) }]],
  ['a port is taken off its bridge', (rig) => [changed({ ...outerEnd(rig), type: vethToWeb }, {}, 'master')]],
  ['a VLAN is deleted', (rig) => [{ action: 'remove', object: link(rig, '', 'uplink.7') }]],
  ['a VLAN is switched off', (rig) => [changed(link(rig, '', 'uplink.7'), { up: false })]],
  [
    'a VLAN has another number',
    (rig) => {
      const vlan = link(rig, '', 'uplink.7');
      const other = { ...vlan, type: { kind: 'vlan', parent: 'uplink', id: 8 } } as const;
      return [{ action: 'remove', object: vlan }, added(other)];
    },
  ],
  ['a dummy is deleted', (rig) => [{ action: 'remove', object: link(rig, '', parentOf(rig, 'routed')) }]],
  ['a link on a parent is deleted', (rig) => [{ action: 'remove', object: link(rig, 'fl-web', 'eth2') }]],
  ['a link on a parent is switched off', (rig) => [changed(link(rig, 'fl-web', 'eth3'), { up: false })]],
  [
    'a link on a parent hangs on another one',
    (rig) => {
      const child = link(rig, 'fl-web', 'eth2');
      const type = { kind: 'macvlan', parent: 'uplink', mode: 'bridge' } as const;
      return [{ action: 'remove', object: child }, added({ ...child, type })];
    },
  ],
  [
    'a VLAN is left over',
    () => [
      added({
        kind: 'link',
        namespace: '',
        name: 'uplink.8',
        type: { kind: 'vlan', parent: 'uplink', id: 8 },
        up: true,
        alias: 'fairlead network old',
      }),
    ],
  ],
  [
    'a namespace is left over with a link on a parent',
    () => [
      added({ kind: 'namespace', namespace: 'fl-gone' }),
      added({
        kind: 'link',
        namespace: 'fl-gone',
        name: 'eth0',
        type: { kind: 'macvlan', parent: 'uplink.7', mode: 'bridge' },
        madeIn: '',
        up: true,
      }),
    ],
  ],
  ['the table is deleted', (rig) => rig.kernel.observe('', ['table']).map((object) => ({ action: 'remove', object }))],
  [
    'an element is deleted',
    (rig) =>
      rig.kernel
        .observe('', ['element'])
        .slice(-1)
        .map((object) => ({ action: 'remove', object })),
  ],
  ['an element is added', () => [added(hostElement('bridges', ['eth7']))]],
  [
    'the default route of a container is deleted',
    (rig) => defaultRoutes(rig).map((object) => ({ action: 'remove', object })),
  ],
  [
    'an address of a container is deleted',
    (rig) => [{ action: 'remove', object: rig.kernel.observe('fl-web', ['address']).at(-1) as KernelObject }],
  ],
  [
    'the table of a sandbox is deleted',
    (rig) => rig.kernel.observe('fl-web', ['table']).map((object) => ({ action: 'remove', object })),
  ],
  ['a namespace is left over', () => [added({ kind: 'namespace', namespace: 'fl-gone' })]],
  ['a whole sandbox is gone', () => [{ action: 'remove', object: { kind: 'namespace', namespace: 'fl-web' } }]],
  [
    'a bridge is left over',
    () => [
      added({
        kind: 'link',
        namespace: '',
        name: 'br-old',
        type: { kind: 'bridge' },
        up: true,
        alias: 'fairlead network old',
      }),
    ],
  ],
  [
    'forwarding is switched off',
    () => [added({ kind: 'sysctl', namespace: '', key: 'net.ipv4.ip_forward', value: '0' })],
  ],
  [
    'a setting of a container’s link is another one',
    () => [added({ kind: 'sysctl', namespace: 'fl-web', key: 'net.ipv6.conf.eth0.disable_ipv6', value: '0' })],
  ],
];

for (const [name, damage] of damages) {
  test(`repair: ${name}`, async () => {
    using rig = await inhabited();
    await rig.kernel.apply(damage(rig));
    const needed = await rig.controller.repair();
    assert.ok(needed.length > 0);
    rig.assertConsistent();
    assert.deepEqual(rig.logged, []);
    assert.deepEqual(await rig.controller.repair(), []);
  });
}

test('what is as it should be is not touched', async () => {
  using rig = await inhabited();
  assert.deepEqual(await rig.controller.repair(), []);
  assert.deepEqual(await rig.boot(new Life()), []);
});

test('who works on a sandbox after a start finds its inside compared', async () => {
  using rig = await inhabited();
  const [sandbox] = rig.state.sandboxes;
  const [endpoint] = rig.controller.endpointsIn(sandbox?.id ?? '');
  assert.ok(endpoint);
  await rig.kernel.apply(defaultRoutes(rig).map((object) => ({ action: 'remove', object })));
  rig.open(new Life());
  const { changes, compareSandboxes } = await rig.controller.start(() => true);
  assert.deepEqual(changes, []);
  const compared = compareSandboxes();
  await rig.controller.leave(endpoint);
  rig.assertConsistent();
  assert.equal((await compared).length, 2);
  assert.deepEqual(rig.logged, []);
});

test('who works on a sandbox after a start finds its names said anew, and nobody waits for those of others', async () => {
  using rig = await inhabited();
  const [sandbox] = rig.state.sandboxes;
  const [endpoint] = rig.controller.endpointsIn(sandbox?.id ?? '');
  assert.ok(sandbox !== undefined && endpoint !== undefined);
  rig.open(new Life());
  rig.names.endpoints.clear();
  const { compareSandboxes } = await rig.controller.start(() => true);
  assert.ok(!rig.names.endpoints.has(endpoint.id), 'the start does not wait for names');
  await rig.controller.leave(endpoint);
  assert.ok(!rig.names.endpoints.has(endpoint.id), 'they were said before it left');
  await compareSandboxes();
  assert.ok(!rig.names.endpoints.has(endpoint.id));
  assert.ok(rig.names.endpoints.size > 0);
  rig.assertConsistent();
});

test('ports that a lost name service held are held again before anybody can ask for them', async () => {
  using rig = await inhabited();
  const before = rig.names.heldPorts;
  assert.ok(before.length > 0);
  rig.names.restart();
  rig.open(new Life());
  const { compareSandboxes } = await rig.controller.start(() => true);
  assert.deepEqual(rig.names.heldPorts, before);
  await compareSandboxes();
  rig.assertConsistent();
});

test('what belongs to others stays', async () => {
  using rig = await inhabited();
  const theirs: readonly KernelObject[] = [
    { kind: 'link', namespace: '', name: 'br0', type: { kind: 'bridge' }, up: true, alias: 'mine' },
    { kind: 'address', namespace: '', link: 'br0', address: parseInterfaceAddress('10.8.0.1/24') },
    { kind: 'namespace', namespace: 'lab' },
    { kind: 'link', namespace: 'fl-web', name: 'tun0', type: { kind: 'dummy' }, up: true },
    { kind: 'address', namespace: 'fl-web', link: 'tun0', address: parseInterfaceAddress('10.7.0.1/24') },
    {
      kind: 'table',
      namespace: '',
      definition: { family: 'inet', name: 'theirs', sets: [{ name: 's', key: ['ifname'] }], chains: [] },
    },
    { kind: 'element', namespace: '', table: 'theirs', set: 's', key: ['eth0'] },
  ];
  await rig.kernel.apply(theirs.map(added));
  assert.deepEqual(await rig.controller.repair(), [added(hostAddressElement(parseIpAddress('10.8.0.1')))]);
  const before = rig.kernel.dump('') + rig.kernel.dump('fl-web');
  assert.deepEqual(await rig.controller.repair(), []);
  assert.equal(rig.kernel.dump('') + rig.kernel.dump('fl-web'), before);
  assert.ok(rig.kernel.namespaces().includes('lab'));
});

test('a pin that a crash left empty is taken away when it is ours and nobody wants it', async () => {
  using rig = await inhabited();
  for (const name of ['fl-gone', 'theirs']) rig.kernel.leaveEmptyPin(name);
  const needed = await rig.controller.repair();
  assert.deepEqual(needed, [{ action: 'remove', object: { kind: 'namespace', namespace: 'fl-gone' } }]);
  assert.deepEqual(rig.kernel.emptyPins(), ['theirs']);
});

test('a name service that was lost is told everything, and the sandboxes where it answers now', async () => {
  using rig = await inhabited();
  const [before] = [...rig.state.sandboxes];
  rig.names.restart();
  const needed = await rig.controller.repair();
  assert.deepEqual(needed.map(describeChange), ['change table fairlead-answers', 'change table fairlead']);
  const [after] = [...rig.state.sandboxes];
  assert.notDeepEqual(after?.resolver, before?.resolver);
  assert.deepEqual(after?.mappings, before?.mappings);
  rig.assertConsistent();
});

test('who had a port has it before who waits for one', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  const waiting = await rig.sandbox('waiting');
  await rig.join(waiting, network);
  const ports = [web];
  const owner = await rig.sandbox('owner', { ports });
  await rig.join(owner, network);
  const { mappings } = rig.state.sandbox(owner.id);
  assert.ok(mappings.length > 0);
  rig.state.sandboxes.put({ ...rig.state.sandbox(waiting.id), ports, unsettled: true });
  rig.names.restart();
  await rig.controller.repair();
  assert.deepEqual(rig.state.sandbox(owner.id).mappings, mappings);
  assert.deepEqual(rig.state.sandbox(waiting.id).mappings, []);
  assert.deepEqual((await rig.controller.repair()).map(describeChange), []);
});

test('a sandbox whose port has been taken meanwhile does not keep the others from their names', async () => {
  using rig = await inhabited();
  rig.names.restart();
  rig.names.occupy('tcp', parseIpAddress('0.0.0.0'), 8080);
  await rig.controller.repair();
  assert.equal(rig.names.sandboxes.size, 1);
  assert.match(
    rig.logged.join('\n'),
    /^published ports not restored: failed to bind host port 0\.0\.0\.0:8080\/tcp: address already in use$/,
  );
  rig.names.vacate();
  await rig.controller.repair();
  rig.assertConsistent();
});

test('an interface that its container has renamed is the container’s own business', async () => {
  using rig = await inhabited();
  const observe = rig.kernel.observe.bind(rig.kernel);
  const away = (object: KernelObject) =>
    ('link' in object && object.link === 'eth0') || (object.kind === 'link' && object.name === 'eth0');
  rig.kernel.observe = (namespace, kinds) =>
    observe(namespace, kinds).filter((object) => namespace === '' || !away(object));
  assert.deepEqual(await rig.controller.repair(), []);
  assert.deepEqual(rig.logged, []);
});

test('a link on a parent that its container has renamed is not made again', async () => {
  using rig = await inhabited();
  const child = link(rig, 'fl-web', 'eth2');
  await rig.kernel.apply([{ action: 'remove', object: child }, added({ ...child, name: 'lan0' })]);
  assert.deepEqual(await rig.controller.repair(), []);
  await rig.kernel.apply([{ action: 'remove', object: { ...child, name: 'lan0' } }]);
  assert.ok((await rig.controller.repair()).length > 0);
  rig.assertConsistent();
});

test('links on parents leave them before the namespace goes that a dead container left', async () => {
  using rig = await inhabited();
  const needed = await rig.boot(new Life(), () => false);
  const gone = needed.filter(({ object }) => object.namespace === 'fl-web');
  assert.deepEqual(
    gone.map(({ action, object }) => `${action} ${'name' in object ? object.name : object.kind}`),
    ['remove eth2', 'remove eth3', 'remove namespace'],
  );
  rig.assertConsistent();
});

test('the default bridge is made anew when its flags have changed, unless a container is on it', async () => {
  using rig = await Rig.started();
  const { id } = rig.controller.findNetwork('bridge');
  const docker0 = { bridge: 'docker0', ipv6: false, masquerade: false, config: [{ subnet: '172.30.0.0/16' }] };
  rig.settings = { ...plainSettings, defaultBridge: docker0 };
  await rig.boot(new Life());
  const bridge = rig.controller.findNetwork('bridge');
  assert.deepEqual([bridge.id, bridge.subnets[0]?.subnet, bridge.bridge?.masquerade], [id, '172.30.0.0/16', false]);
  rig.assertConsistent();
  await rig.join(await rig.sandbox('web'), bridge);
  rig.settings = plainSettings;
  await rig.boot(new Life());
  assert.equal(rig.controller.findNetwork('bridge').subnets[0]?.subnet, '172.30.0.0/16');
  rig.assertConsistent();
});

test('a machine that lost its store takes over the subnet of the bridge that is left', async () => {
  using rig = await Rig.started();
  for (const network of [...rig.state.networks]) rig.state.networks.delete(network.id);
  await rig.boot(new Life());
  assert.equal(rig.controller.findNetwork('bridge').subnets[0]?.subnet, '172.17.0.0/16');
  rig.assertConsistent();
});

test('somebody else’s bridge is used with the addresses that it has, and left behind', async () => {
  using rig = await Rig.started({
    ...plainSettings,
    defaultBridge: { bridge: 'br0', ipv6: false, masquerade: true, config: [] },
  });
  const theirs = { kind: 'link', namespace: '', name: 'corp', type: { kind: 'bridge' }, up: true } as const;
  await rig.kernel.apply([added(theirs), added(addressOn(theirs, '10.44.0.1/16'))]);
  rig.settings = { ...plainSettings, defaultBridge: { bridge: 'corp', ipv6: false, masquerade: true, config: [] } };
  await rig.boot(new Life());
  const { subnets, bridge } = rig.controller.findNetwork('bridge');
  assert.deepEqual([subnets, bridge?.adopted], [[{ subnet: '10.44.0.0/16', gateway: '10.44.0.1' }], true]);
  await rig.join(await rig.sandbox('web'), rig.controller.findNetwork('bridge'));
  await rig.boot(new Life(), () => false);
  rig.settings = plainSettings;
  await rig.boot(new Life());
  assert.ok(rig.kernel.observe('', ['link']).some((object) => object.kind === 'link' && object.name === 'corp'));
});

function added(object: KernelObject): Change {
  return { action: 'add', object };
}

function changed(previous: LinkObject, properties: Partial<LinkObject>, without?: 'master'): Change {
  const { [without ?? 'madeIn']: _, ...rest } = previous;
  return { action: 'change', object: { ...rest, ...properties }, previous };
}

function addressOn({ name }: LinkObject, address: string): KernelObject {
  return { kind: 'address', namespace: '', link: name, address: parseInterfaceAddress(address) };
}

function defaultRoutes(rig: Rig): KernelObject[] {
  return rig.kernel
    .observe('fl-web', ['route'])
    .filter((object) => object.kind === 'route' && object.via !== undefined);
}
