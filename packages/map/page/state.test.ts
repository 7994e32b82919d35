import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MapView, TileView } from '../src/model/map-view.ts';
import { MapState, questionOf, titleOf } from './state.ts';

const tile = (name: string, change: Partial<TileView> = {}): TileView => ({
  id: `tile:app/${name}`,
  name,
  network: 'network:app',
  owner: 'fairlead',
  state: 'running',
  addresses: [`10.9.1.${name.length}`],
  connected: true,
  ...change,
});
const view: MapView = {
  schema: 'fairlead.map/1',
  host: { name: 'box', uplinks: [{ id: 'link:eth0', name: 'eth0', up: true, addresses: [], gateways: [] }] },
  networks: [],
  tiles: [
    tile('web'),
    tile('db'),
    tile('db', { id: 'tile:back/db', network: 'network:back', addresses: ['fd00::3'] }),
    tile('asleep', { state: 'stopped' }),
    tile('docker', { owner: 'other' }),
  ],
  ports: [
    {
      id: 'port:1',
      container: 'web',
      protocol: 'tcp',
      address: '0.0.0.0',
      ports: '8080-8081',
      containerPorts: '80-81',
      open: true,
    },
  ],
  findings: [
    { code: 'x', severity: 'error', text: '', evidence: [], affects: ['web'], fixes: [] },
    { code: 'y', severity: 'note', text: '', evidence: [], affects: ['web'], fixes: [] },
  ],
};

function shown(): MapState {
  const state = new MapState();
  state.take({ type: 'view', view });
  return state;
}

const selections: [name: string, ids: string[], selection: string[], pair: boolean][] = [
  ['one', ['tile:app/web'], ['tile:app/web'], false],
  ['two containers', ['tile:app/web', 'tile:app/db'], ['tile:app/web', 'tile:app/db'], true],
  ['a third takes the second’s place', ['tile:app/web', 'tile:app/db', 'host'], ['tile:app/web', 'host'], true],
  ['the same twice', ['tile:app/web', 'tile:app/web'], [], false],
  ['from outside to a port', ['outside', 'port:1'], ['outside', 'port:1'], true],
  ['another engine’s can only be an end', ['tile:app/docker', 'tile:app/web'], ['tile:app/web'], false],
  ['to another engine’s', ['tile:app/web', 'tile:app/docker'], ['tile:app/web', 'tile:app/docker'], true],
  ['one that has stopped sends nothing', ['tile:app/asleep', 'tile:app/web'], ['tile:app/web'], false],
  ['a network is looked at alone', ['tile:app/web', 'link:eth0'], ['link:eth0'], false],
];
for (const [name, ids, selection, pair] of selections) {
  test(`selecting ${name}`, () => {
    const state = shown();
    const last = ids.map((id) => state.toggle(id)).at(-1);
    assert.deepEqual(state.selection, selection);
    assert.equal(last, pair);
  });
}

const questions: [from: string, to: string, question: object][] = [
  ['tile:app/db', 'tile:app/web', { from: 'db', to: 'web' }],
  ['tile:app/web', 'tile:back/db', { from: 'web', to: 'fd00::3' }],
  ['tile:app/web', 'tile:app/docker', { from: 'web', to: '10.9.1.6' }],
  ['outside', 'port:1', { from: 'outside', to: 'web:80', protocol: 'tcp' }],
  ['host', 'outside', { from: 'host', to: 'outside' }],
];
for (const [from, to, question] of questions) {
  test(`from ${from} to ${to} is asked as ${JSON.stringify(question)}`, () =>
    assert.deepEqual(questionOf(shown(), from, to), question));
}

test('what is gone is not selected any more, and its rates are forgotten; those of all with a new view', () => {
  const state = shown();
  state.toggle('tile:app/web');
  state.take({ type: 'rates', rates: { 'tile:app/web': [1, 2, 3] } });
  assert.deepEqual(state.rates.get('tile:app/web'), [1, 2, 3]);
  state.take({ type: 'delta', delta: { tiles: { order: ['tile:app/db'] } } });
  assert.deepEqual([state.selection, state.rates.size], [[], 0]);
  state.take({ type: 'rates', rates: { 'tile:app/db': [1, 2, 3] } });
  state.take({ type: 'view', view });
  assert.equal(state.rates.size, 0);
});

test('findings and ports are those of the container; notes are nobody’s, and names of others mean others', () => {
  const state = shown();
  assert.deepEqual(
    state.findingsOf(tile('web')).map(({ code }) => code),
    ['x'],
  );
  assert.equal(state.portsOf(tile('web')).length, 1);
  assert.equal(state.findingsOf(tile('web', { owner: 'other' })).length, 0);
  assert.equal(state.portsOf(tile('web', { owner: 'other' })).length, 0);
});

test('everything has a title', () => {
  const ids = ['host', 'outside', 'tile:app/web', 'port:1', 'link:eth0'];
  assert.deepEqual(
    ids.map((id) => titleOf(shown(), id)),
    ['box', 'outside', 'web', 'port 8080-8081', 'eth0'],
  );
});
