import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MapView, TileView } from '../src/model/map-view.ts';
import { sampleNetwork } from '../src/testing/sample-view.ts';
import { stopsOf, stopsSoFar, type TraceAnswer, type TraceHop } from './trace-path.ts';

const tile = (name: string, network: string, address: string): TileView => ({
  id: `tile:${network}/${name}`,
  name,
  network: `network:${network}`,
  owner: 'fairlead',
  state: 'running',
  addresses: [address],
  connected: true,
  interface: 'eth0',
  device: `veth-${name}-${network}`,
});

const view: MapView = {
  schema: 'fairlead.map/1',
  host: { name: 'box', uplinks: [{ id: 'link:eth0', name: 'eth0', up: true, addresses: [], gateways: [] }] },
  networks: [sampleNetwork],
  tiles: [tile('web', 'app', '10.9.1.2'), tile('db', 'app', '10.9.1.3'), tile('db', 'back', 'fd00::3')],
  ports: [],
  findings: [],
};

function hop(place: string, device: string, change: Partial<TraceHop> = {}): TraceHop {
  return {
    role: 'request',
    place,
    device,
    event: 'received',
    microseconds: 1,
    packet: { source: '10.9.1.2:41000', destination: '10.9.1.3:80' },
    rewrites: [],
    rules: [],
    ...change,
  };
}

function answer(hops: TraceHop[], change: Partial<TraceAnswer> = {}): TraceAnswer {
  return {
    verdict: 'delivered',
    summary: '',
    hops,
    fixes: [],
    capabilities: { missing: [] },
    milliseconds: 1,
    ...change,
  };
}

const route = (from: TraceAnswer) => stopsOf(from, view).map(({ at, died }) => (died ? `✕ ${at}` : at));
const out = [hop('web', 'eth0', { event: 'sent' }), hop('host', 'veth-web-app')];
const probeFrom = (source: string, destination: string) => ({
  probe: { protocol: 'tcp', family: 4, source: { name: source }, destination: { name: destination } },
});

const routes: [name: string, answer: TraceAnswer, stops: string[]][] = [
  [
    'to a neighbour',
    answer([...out, hop('host', 'veth-db-app', { event: 'sent' }), hop('db', 'eth0')]),
    ['tile:app/web', 'tile:app/db'],
  ],
  [
    'out, by the bridge and the uplink',
    answer([...out, hop('host', 'br-app'), hop('host', 'eth0', { event: 'sent' })]),
    ['tile:app/web', 'network:app', 'link:eth0', 'outside'],
  ],
  [
    'dropped on the bridge',
    answer([...out, hop('host', 'br-app'), hop('host', 'br-app', { event: 'dropped' })], { verdict: 'dropped' }),
    ['tile:app/web', '✕ network:app'],
  ],
  [
    'in by a published port',
    answer([hop('host', 'eth0'), hop('host', 'br-app'), hop('db', 'eth0')], probeFrom('outside', 'db')),
    ['outside', 'link:eth0', 'network:app', 'tile:app/db'],
  ],
  [
    'to an address of another network of the container',
    answer([...out, hop('db', 'eth0', { packet: { source: '[fd00::2]:9', destination: '[fd00::3]:80' } })]),
    ['tile:app/web', 'tile:back/db'],
  ],
  [
    'with the answer, when that is what was dropped',
    answer([...out, hop('db', 'eth0'), hop('host', 'br-app', { role: 'answer', event: 'dropped' })], {
      verdict: 'dropped',
    }),
    ['tile:app/web', 'tile:app/db', '✕ network:app'],
  ],
  [
    'without what bystanders got',
    answer([...out, hop('db', 'eth0', { harmless: true, event: 'dropped' }), hop('host', 'br-app')]),
    ['tile:app/web', 'network:app'],
  ],
  ['inside the host', answer([hop('host', 'lo'), hop('nobody', 'x')]), ['host']],
  ['nowhere', answer([]), []],
];
for (const [name, given, stops] of routes) {
  test(`a packet's way on the map: ${name}`, () => assert.deepEqual(route(given), stops));
}

test('while the packet is followed its way is shown as far as it is known, and nothing has died yet', () => {
  const hops = [
    hop('web', 'eth0', { event: 'sent' }),
    hop('host', 'veth-web-app'),
    hop('host', 'veth-web-app', { event: 'dropped' }),
  ];
  const places = hops.map((_, at) =>
    stopsSoFar(hops.slice(0, at + 1), view).map(({ at: place, died }) => [place, died]),
  );
  assert.deepEqual(places, [[['tile:app/web', false]], [['tile:app/web', false]], [['tile:app/web', false]]]);
  const there = [...hops.slice(0, 1), hop('db', 'eth0'), hop('db', 'eth0', { role: 'answer', event: 'sent' })];
  assert.deepEqual(
    stopsSoFar(there, view).map(({ at }) => at),
    ['tile:app/web', 'tile:app/db'],
  );
});
