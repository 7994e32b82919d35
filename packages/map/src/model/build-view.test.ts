import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, parsePrefix } from '@fairlead/base';
import { buildView } from './build-view.ts';
import type { HostObservation, LinkState } from './host-observation.ts';
import type { TileView } from './map-view.ts';
import type { NamedContainer, Names } from './names.ts';

function link(index: number, name: string, change: Partial<LinkState> = {}): LinkState {
  return { index, name, up: true, mtu: 1500, operationalState: 'up', ...change };
}

const cable = { kind: 'veth', parentIndex: 2 } as const;

const web: NamedContainer = {
  name: 'web',
  state: 'running',
  image: 'nginx',
  namespace: 'fl-web',
  attachments: [
    {
      network: 'app',
      ipv4: parseIpAddress('10.9.1.2'),
      ipv6: parseIpAddress('fd00::2'),
      interface: 'eth0',
      hostInterface: 'veth1',
    },
  ],
  publications: [
    {
      protocol: 'tcp',
      hostAddress: parseIpAddress('0.0.0.0'),
      hostPorts: { first: 8080, last: 8080 },
      containerPorts: { first: 80, last: 80 },
    },
  ],
};

const names: Names = {
  networks: [
    {
      name: 'app',
      driver: 'bridge',
      internal: false,
      open: true,
      interface: 'br-app',
      subnets: [parsePrefix('10.9.1.0/24')],
      masquerade: true,
      mtu: 1500,
    },
    { name: 'host', driver: 'host', internal: false, open: true, subnets: [] },
    { name: 'none', driver: 'null', internal: false, open: true, subnets: [] },
  ],
  containers: [web],
};

const observed: HostObservation = {
  hostname: 'box',
  links: [
    link(1, 'lo'),
    link(2, 'eth0', cable),
    link(3, 'br-app', { kind: 'bridge' }),
    link(4, 'veth1', { ...cable, masterIndex: 3, parentNamespaceId: 0, alias: 'fairlead web' }),
  ],
  addresses: [
    { link: 'lo', address: '127.0.0.1/8' },
    { link: 'eth0', address: '192.0.2.2/24' },
    { link: 'br-app', address: '10.9.1.1/24' },
    { link: 'veth1', address: 'fe80::1/64' },
  ],
  gateways: [{ link: 'eth0', address: '192.0.2.1' }],
  foreign: [],
};

const ids = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

test('a container, its network and its port, with the way out', () => {
  const view = buildView(observed, names);
  assert.deepEqual(view.host, {
    name: 'box',
    uplinks: [{ id: 'link:eth0', name: 'eth0', up: true, addresses: ['192.0.2.2/24'], gateways: ['192.0.2.1'] }],
  });
  assert.deepEqual(ids(view.networks), ['network:app'], 'networks without a bridge or a user are not shown');
  assert.deepEqual(view.tiles, [
    {
      id: 'tile:app/web',
      name: 'web',
      network: 'network:app',
      owner: 'fairlead',
      state: 'running',
      addresses: ['10.9.1.2', 'fd00::2'],
      connected: true,
      detail: 'nginx',
      interface: 'eth0',
      device: 'veth1',
      namespace: 'fl-web',
    },
  ] satisfies TileView[]);
  assert.deepEqual(view.ports, [
    {
      id: 'port:tcp/0.0.0.0:8080',
      container: 'web',
      protocol: 'tcp',
      address: '0.0.0.0',
      ports: '8080',
      containerPorts: '80',
      open: true,
    },
  ]);
  assert.equal('examined' in view, false);
});

test('a container on two networks has two tiles, one on the host’s network a card of its own', () => {
  const twice = { ...web, attachments: [...web.attachments, { network: 'host' }] };
  const view = buildView(observed, { ...names, containers: [twice] });
  assert.deepEqual(ids(view.tiles), ['tile:app/web', 'tile:host/web']);
  assert.deepEqual(ids(view.networks), ['network:app', 'network:host']);
});

const cables: [name: string, change: Partial<LinkState> | undefined, connected: boolean][] = [
  ['a cable that is plugged in', {}, true],
  ['a cable that is down', { up: false }, false],
  ['a cable whose other end is down', { operationalState: 'lowerlayerdown' }, false],
  ['no cable', undefined, false],
];
for (const [name, change, connected] of cables) {
  test(`${name} is ${connected ? '' : 'not '}a connection`, () => {
    const links = observed.links.flatMap((each) => {
      if (each.name !== 'veth1') return [each];
      return change === undefined ? [] : [{ ...each, ...change }];
    });
    assert.equal(buildView({ ...observed, links }, names).tiles[0]?.connected, connected);
  });
}

test('a container that has stopped keeps its place, and its ports are closed', () => {
  const { namespace: _, ...asleep } = { ...web, state: 'stopped' as const, attachments: [{ network: 'app' }] };
  const view = buildView(observed, { ...names, containers: [asleep] });
  assert.deepEqual(ids(view.tiles), ['tile:app/web']);
  assert.equal(view.tiles[0]?.state, 'stopped');
  assert.equal(view.tiles[0]?.connected, true, 'nothing is wrong with it');
  assert.equal(view.ports[0]?.open, false);
});

const dockerLinks: readonly LinkState[] = [
  link(10, 'docker0', { kind: 'bridge' }),
  link(11, 'vethd1', { ...cable, masterIndex: 10, parentNamespaceId: 5 }),
];
const dockerSpace = {
  id: 5,
  process: { pid: 812, name: 'nginx', engine: 'docker 1a2b3c4d5e6f' },
  links: [link(1, 'lo'), link(2, 'eth0', { kind: 'veth', parentIndex: 11, parentNamespaceId: 0 })],
  addresses: [
    { link: 'eth0', address: '172.18.0.2/16' },
    { link: 'eth0', address: 'fe80::2/64' },
  ],
};

test('another engine’s bridge and container are found in the kernel', () => {
  const seen: HostObservation = {
    ...observed,
    links: [...observed.links, ...dockerLinks],
    addresses: [...observed.addresses, { link: 'docker0', address: '172.18.0.1/16' }],
    foreign: [dockerSpace],
  };
  const view = buildView(seen, names);
  assert.deepEqual(ids(view.networks), ['network:app', 'bridge:docker0']);
  assert.deepEqual(view.networks[1]?.subnets, ['172.18.0.1/16']);
  assert.deepEqual(view.tiles[1], {
    id: 'tile:vethd1',
    name: 'nginx',
    network: 'bridge:docker0',
    owner: 'other',
    state: 'running',
    addresses: ['172.18.0.2'],
    connected: true,
    detail: 'docker 1a2b3c4d5e6f · nginx (pid 812)',
    pid: 812,
    device: 'vethd1',
    interface: 'eth0',
  });
});

test('every cable of others is on a card: of a way out of the host, or of a further bridge of ours', () => {
  const segmented = web.attachments.map((each) => ({ ...each, segment: { bridge: 'br-app-2' } }));
  const further = { ...names, containers: [{ ...web, attachments: segmented }] };
  const links: readonly LinkState[] = [
    link(10, 'br0', { kind: 'bridge' }),
    link(11, 'vethl1', { ...cable, masterIndex: 10, parentNamespaceId: 5 }),
    link(12, 'br-app-2', { kind: 'bridge', alias: 'fairlead app' }),
    link(13, 'vethl2', { ...cable, masterIndex: 12, parentNamespaceId: 5 }),
  ];
  const gateways = [{ link: 'br0', address: '192.0.2.1' }];
  const view = buildView({ ...observed, links: [...observed.links, ...links], gateways }, further);
  assert.deepEqual(ids(view.networks), ['network:app', 'elsewhere']);
  assert.deepEqual(
    view.tiles.map(({ id, network }) => [id, network]),
    [
      ['tile:app/web', 'network:app'],
      ['tile:vethl1', 'elsewhere'],
      ['tile:vethl2', 'network:app'],
    ],
  );
});

test('a cable into a namespace that cannot be found is shown by its own name', () => {
  const view = buildView({ ...observed, links: [...observed.links, ...dockerLinks] }, names);
  assert.deepEqual([view.tiles[1]?.name, view.tiles[1]?.network], ['vethd1', 'bridge:docker0']);
});

test('what is on no bridge is elsewhere: a cable of its own, or a namespace that no cable leads to', () => {
  const loose = link(12, 'cali1', { ...cable, parentNamespaceId: 6 });
  const tunnel = { name: 'vpn', links: [link(1, 'lo'), link(2, 'wg0', { kind: 'wireguard' })], addresses: [] };
  const view = buildView({ ...observed, links: [...observed.links, loose], foreign: [tunnel] }, names);
  assert.deepEqual(ids(view.networks), ['network:app', 'elsewhere']);
  assert.deepEqual(ids(view.tiles).slice(1), ['tile:cali1', 'tile:elsewhere/vpn']);
});

const strangers: [name: string, links: readonly LinkState[]][] = [
  [
    'a cable that the engine is just making',
    [link(20, 'veth9', { ...cable, alias: 'fairlead new', parentNamespaceId: 3 })],
  ],
  ['a cable whose both ends are in the host', [link(20, 'a', cable), link(21, 'b', cable)]],
  ['a link that is no cable', [link(20, 'dummy0', { kind: 'dummy' })]],
];
for (const [name, links] of strangers) {
  test(`${name} is nobody’s container`, () => {
    const view = buildView({ ...observed, links: [...observed.links, ...links] }, names);
    assert.deepEqual(ids(view.tiles), ['tile:app/web']);
  });
}

test('an interface with an address is a way out, a tunnel as well; one without is not', () => {
  const links = [...observed.links, link(30, 'wg0', { kind: 'wireguard' }), link(31, 'eth1'), link(32, 'eth2')];
  const addresses = [
    ...observed.addresses,
    { link: 'wg0', address: '10.8.0.2/24' },
    { link: 'eth2', address: 'fe80::5/64' },
  ];
  assert.deepEqual(ids(buildView({ ...observed, links, addresses }, names).host.uplinks), ['link:eth0', 'link:wg0']);
});

test('what is special about a network is said', () => {
  const [app] = names.networks;
  assert.ok(app);
  const networks = [
    { ...app, internal: true, open: false },
    { ...app, name: 'flat', masquerade: false },
  ];
  const view = buildView(observed, { networks, containers: [] });
  assert.deepEqual(
    view.networks.map(({ traits }) => traits),
    [['internal', 'no communication'], ['no translation']],
  );
});
