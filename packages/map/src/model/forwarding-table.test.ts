import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MacAddress } from '@fairlead/base';
import type { ForwardingEntry } from '@fairlead/netlink';
import { sampleNetwork, sampleTile } from '../testing/sample-view.ts';
import { forwardingTable } from './forwarding-table.ts';
import type { LinkState } from './host-observation.ts';
import type { MapView } from './map-view.ts';

const link = (index: number, name: string, rest: Partial<LinkState> = {}): LinkState => ({
  index,
  name,
  up: true,
  mtu: 1500,
  ...rest,
});
const links = [
  link(4, 'br-app'),
  link(5, 'br-app-2'),
  link(6, 'docker0'),
  link(7, 'veth1', { parentIndex: 2 }),
  link(8, 'veth2', { parentIndex: 3 }),
  link(9, 'veth3'),
];

const view: MapView = {
  schema: 'fairlead.map/1',
  host: { name: 'box', uplinks: [] },
  networks: [
    sampleNetwork,
    { ...sampleNetwork, id: 'bridge:docker0', name: 'docker0', owner: 'other', interface: 'docker0' },
  ],
  tiles: [
    sampleTile,
    { ...sampleTile, id: 'tile:app/far', name: 'far', device: 'veth2', bridge: 'br-app-2', interface: 'eth1' },
  ],
  ports: [],
  findings: [],
};

const entry = (mac: string, index: number, bridge: number, kind: ForwardingEntry['kind']): ForwardingEntry => ({
  mac: mac as MacAddress,
  index,
  bridge,
  kind,
  age: 2.5,
});

test('an address is said with its port, the other end of the cable and who is there', () => {
  assert.deepEqual(forwardingTable(view, links, [entry('02:42:00:00:00:02', 7, 4, 'learnt')]), [
    {
      network: 'app',
      bridge: 'br-app',
      mac: '02:42:00:00:00:02',
      port: 'veth1',
      index: 7,
      kind: 'learnt',
      peer: 2,
      container: 'web',
      interface: 'eth0',
      age: 2.5,
    },
  ]);
});

test('what is no container is said without one, and what was not learnt without an age', () => {
  assert.deepEqual(forwardingTable(view, links, [{ ...entry('02:42:00:00:00:01', 4, 4, 'local'), vlan: 1 }]), [
    { network: 'app', bridge: 'br-app', mac: '02:42:00:00:00:01', port: 'br-app', index: 4, kind: 'local', vlan: 1 },
  ]);
});

test('a further bridge belongs to the network of its containers; one that nobody knows stands for itself', () => {
  const named = forwardingTable(
    view,
    [...links, link(20, 'br9')],
    [entry('02:42:00:00:00:03', 8, 5, 'learnt'), entry('02:42:00:00:00:04', 20, 20, 'local')],
  );
  assert.deepEqual(
    named.map(({ network, bridge, container }) => [network, bridge, container]),
    [
      ['app', 'br-app-2', 'far'],
      ['br9', 'br9', undefined],
    ],
  );
});

test('the order is that of the map, then of the ports, and a port comes before what is behind it', () => {
  const shuffled = [
    entry('02:42:00:00:00:09', 9, 6, 'static'),
    entry('02:42:00:00:00:02', 7, 4, 'learnt'),
    entry('fe:50:00:00:00:02', 7, 4, 'local'),
    entry('02:42:00:00:00:01', 4, 4, 'local'),
  ];
  assert.deepEqual(
    forwardingTable(view, links, shuffled).map(({ mac }) => mac),
    ['02:42:00:00:00:01', 'fe:50:00:00:00:02', '02:42:00:00:00:02', '02:42:00:00:00:09'],
  );
});

test('a link that went while it was looked at is left out', () => {
  assert.deepEqual(forwardingTable(view, links, [entry('02:42:00:00:00:02', 99, 4, 'learnt')]), []);
});
