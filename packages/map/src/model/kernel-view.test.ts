import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePort as port, sampleNetwork, sampleTile as web } from '../testing/sample-view.ts';
import { kernelView } from './kernel-view.ts';
import type { MapView, TileView } from './map-view.ts';

const foreign: TileView = {
  ...web,
  id: 'tile:veth2',
  owner: 'other',
  addresses: ['172.18.0.2'],
  device: "ve'th $(reboot)",
  pid: 812,
};
const { namespace: _, ...unnamed } = foreign;
const view: MapView = {
  schema: 'fairlead.map/1',
  host: {
    name: 'box',
    uplinks: [{ id: 'link:eth0', name: 'eth0', up: true, addresses: ['192.0.2.2/24'], gateways: ['192.0.2.1'] }],
  },
  networks: [sampleNetwork],
  tiles: [web, unnamed, { ...web, id: 'tile:asleep', state: 'stopped' }],
  ports: [port],
  findings: [],
};

const commandsOf = (id: string, from = view) => kernelView(from, id)?.commands.map(({ command }) => command);

test('a container is seen from inside its namespace and from the host', () => {
  assert.deepEqual(commandsOf('tile:app/web'), [
    'ip -n fl-web -d -s address show dev eth0',
    'ip -n fl-web route show',
    'ip -n fl-web -6 route show',
    'ip -n fl-web neighbour show',
    'ip -d -s link show dev veth1',
    'bridge fdb show brport veth1',
  ]);
});

test('a namespace without a name is entered by a process of it, and a hostile name stays one word', () => {
  assert.deepEqual(commandsOf('tile:veth2'), [
    'nsenter --net=/proc/812/ns/net ip -d -s address show dev eth0',
    'nsenter --net=/proc/812/ns/net ip route show',
    'nsenter --net=/proc/812/ns/net ip neighbour show',
    `ip -d -s link show dev 've'\\''th $(reboot)'`,
    `bridge fdb show brport 've'\\''th $(reboot)'`,
  ]);
});

test('nobody enters the namespace of a container that has stopped', () => {
  assert.ok(commandsOf('tile:asleep')?.every((command) => !command.includes(' -n ')));
});

const ports: [address: string, ports: string, containerPorts: string, map: string][] = [
  ['0.0.0.0', '8080', '80', 'publish4'],
  ['::', '8080', '80', 'publish6'],
  ['127.0.0.1', '8080', '80', 'publish_address4'],
  ['0.0.0.0', '8080-8090', '8080-8090', 'publish_range4'],
  ['0.0.0.0', '8080-8090', '80-90', 'publish4'],
  ['::1', '8080-8090', '8080-8090', 'publish_address_range6'],
];
for (const [address, hostPorts, containerPorts, map] of ports) {
  test(`port ${hostPorts} at ${address} to ${containerPorts} is in ${map}`, () => {
    const changed = { ...view, ports: [{ ...port, address, ports: hostPorts, containerPorts }] };
    assert.equal(commandsOf('port:1', changed)?.[0], `nft list map inet fairlead ${map}`);
  });
}

test('routes of both families are shown where there are both, and sockets of the port’s protocol', () => {
  const subnets = ['10.9.1.0/24', 'fd00::/64'];
  assert.ok(
    commandsOf('network:app', { ...view, networks: [{ ...sampleNetwork, subnets }] })?.includes(
      'ip -6 route show dev br-app',
    ),
  );
  assert.ok(!commandsOf('network:app')?.includes('ip -6 route show dev br-app'));
  const uplinks = view.host.uplinks.map((each) => ({ ...each, gateways: ['fe80::1'] }));
  const both = { ...view, host: { ...view.host, uplinks } };
  assert.ok(commandsOf('link:eth0', both)?.includes('ip -6 route show dev eth0'));
  for (const [protocol, flag] of [
    ['tcp', 't'],
    ['udp', 'u'],
    ['sctp', 'S'],
  ] as const) {
    const changed = { ...view, ports: [{ ...port, protocol }] };
    assert.equal(commandsOf('port:1', changed)?.at(-1), `ss -Hln${flag} sport = :8080`);
  }
});

test('everything on the map has a view, and nothing else', () => {
  for (const id of ['host', 'outside', 'network:app', 'link:eth0', 'port:1', ...view.tiles.map(({ id: of }) => of)]) {
    const found = kernelView(view, id);
    assert.ok(found !== undefined && found.commands.length > 0 && found.title !== '', id);
  }
  assert.equal(kernelView(view, 'tile:nobody'), undefined);
});
