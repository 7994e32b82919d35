import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MapView, PortView } from '../src/model/map-view.ts';
import { samplePort, sampleTile as web } from '../src/testing/sample-view.ts';
import { barLength, countText, portText, rateText, socketsOf, tileLabel, totalRate } from './text.ts';

const rates: [number, string][] = [
  [0, '0'],
  [0.4, '0'],
  [1, '1 B/s'],
  [999, '999 B/s'],
  [1000, '1.0 kB/s'],
  [9960, '10.0 kB/s'],
  [123_456, '123 kB/s'],
  [999_700, '1.0 MB/s'],
  [1_234_567, '1.2 MB/s'],
  [17e9, '17 GB/s'],
];
for (const [value, text] of rates) test(`${value} bytes a second: ${text}`, () => assert.equal(rateText(value), text));

test('a bar is empty for nothing, short for little, full for very much, and never shrinks with more', () => {
  assert.equal(barLength(0), 0);
  assert.equal(barLength(1), 0.04);
  assert.equal(barLength(1e12), 1);
  const lengths = [1, 1e3, 1e5, 1e7, 1e9].map(barLength);
  assert.deepEqual(
    lengths,
    lengths.toSorted((a, b) => a - b),
  );
});

const port: PortView = { ...samplePort, id: 'p' };

test('a label says everything that is to be seen, and nothing that is not', () => {
  assert.equal(tileLabel({ ...web, addresses: [] }, 'app', [], []), 'web on app');
  const finding = { code: 'x', severity: 'error', text: '', evidence: [], affects: [], fixes: [] } as const;
  assert.equal(
    tileLabel({ ...web, owner: 'other', state: 'paused', connected: false }, 'app', [finding], [port]),
    'web on app, of another engine, paused, not connected, 10.9.1.2 and fd00::2, published at 8080, 1 finding',
  );
});

const ports: [Partial<PortView>, string][] = [
  [{}, '8080'],
  [{ address: '::' }, '8080'],
  [{ address: '127.0.0.1' }, '127.0.0.1:8080'],
  [{ address: '::1', protocol: 'udp' }, '[::1]:8080/udp'],
];
for (const [change, text] of ports) {
  test(`a socket is called ${text}`, () => assert.equal(portText({ ...port, ...change }), text));
}

test('a port on every address of both families is one socket, on one address another', () => {
  const all = [port, { ...port, id: 'q', address: '::' }, { ...port, id: 'r', address: '127.0.0.1' }];
  assert.deepEqual(
    socketsOf(all).map(({ id }) => id),
    ['p', 'r'],
  );
});

test('a container on two networks is counted once, and uplinks are added up', () => {
  const uplink = (name: string) => ({ id: `link:${name}`, name, up: true, addresses: [], gateways: [] });
  const view: MapView = {
    schema: 'fairlead.map/1',
    host: { name: 'box', uplinks: [uplink('eth0'), uplink('wg0')] },
    networks: [],
    tiles: [web, { ...web, id: 'tile:back/web', network: 'network:back' }],
    ports: [],
    findings: [],
  };
  assert.equal(countText(view), '1 container on 0 networks');
  const known = new Map([
    ['link:eth0', [1, 2, 0] as const],
    ['link:wg0', [10, 20, 1] as const],
  ]);
  assert.deepEqual(totalRate(view, known), [11, 22, 1]);
});
