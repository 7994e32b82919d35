import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyDelta, diffViews } from './delta.ts';
import type { MapView, TileView } from './map-view.ts';

const tile = (name: string, change: Partial<TileView> = {}): TileView => ({
  id: `tile:${name}`,
  name,
  network: 'network:app',
  owner: 'fairlead',
  state: 'running',
  addresses: [],
  connected: true,
  ...change,
});

const empty: MapView = {
  schema: 'fairlead.map/1',
  host: { name: 'box', uplinks: [] },
  networks: [],
  tiles: [],
  ports: [],
  findings: [],
};
const withTiles = (...tiles: TileView[]): MapView => ({ ...empty, tiles });

test('nothing is said about what has not changed', () => {
  assert.equal(diffViews(withTiles(tile('a')), withTiles(tile('a'))), undefined);
});

const cases: [name: string, before: MapView, after: MapView, delta: unknown][] = [
  [
    'one more',
    withTiles(tile('a')),
    withTiles(tile('a'), tile('b')),
    { tiles: { set: [tile('b')], order: ['tile:a', 'tile:b'] } },
  ],
  ['one less', withTiles(tile('a'), tile('b')), withTiles(tile('b')), { tiles: { order: ['tile:b'] } }],
  [
    'one that has changed',
    withTiles(tile('a'), tile('b')),
    withTiles(tile('a'), tile('b', { state: 'paused' })),
    { tiles: { set: [tile('b', { state: 'paused' })] } },
  ],
  ['another host name', empty, { ...empty, host: { name: 'b', uplinks: [] } }, { host: { name: 'b', uplinks: [] } }],
  ['the doctor has looked', empty, { ...empty, examined: 5 }, { examined: 5 }],
];
for (const [name, before, after, delta] of cases) {
  test(`a delta says: ${name}`, () => {
    assert.deepEqual(diffViews(before, after), delta);
    assert.deepEqual(applyDelta(before, diffViews(before, after) ?? {}), after);
  });
}

test('whatever happens, the delta leads from before to after', () => {
  const names = fc.uniqueArray(fc.constantFrom(...'abcdefgh'));
  const view = fc.tuple(names, fc.boolean()).map(([all, paused]) => {
    return withTiles(...all.map((name) => tile(name, name > 'd' && paused ? { state: 'paused' } : {})));
  });
  fc.assert(
    fc.property(view, view, (before, after) => {
      assert.deepEqual(applyDelta(before, diffViews(before, after) ?? {}), after);
    }),
  );
});
