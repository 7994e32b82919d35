import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchorOf, type Geometry, type Point, pathThrough, placeNote, wayBetween } from './geometry.ts';
import { type Box, layOut } from './layout.ts';

const cards = ['a', 'b', 'c'].map((id) => ({
  id,
  tiles: Array.from({ length: 12 }, (_, index) => `${id}/${index}`),
}));
const layout = layOut(cards, { width: 620, height: 280 });
const geometry: Geometry = {
  layout,
  origin: { x: 400, y: 60 },
  outside: { x: 10, y: 60, width: 100, height: 60 },
  host: { x: 150, y: 60, width: 200, height: 400 },
  sockets: new Map([['link:eth0', { x: 160, y: 120, width: 180, height: 24 }]]),
};
/** The same on a narrow screen, where the networks are below the host. */
const stacked: Geometry = {
  layout,
  origin: { x: 22, y: 300 },
  outside: { x: 14, y: 14, width: 146, height: 70 },
  host: { x: 185, y: 14, width: 220, height: 260 },
  sockets: new Map([['link:eth0', { x: 194, y: 90, width: 202, height: 40 }]]),
};
const places = ['outside', 'host', 'link:eth0', 'a', 'c', 'a/0', 'a/7', 'b/5', 'c/11'];

/** Every point of a way, also those where it turns. */
function segments(points: readonly Point[]): [Point, Point][] {
  return points.slice(1).map((point, index) => [points[index] ?? point, point]);
}

function crosses([from, to]: readonly [Point, Point], box: Box, origin: Point): boolean {
  const left = origin.x + box.x;
  const top = origin.y + box.y;
  const inside = (low: number, high: number, a: number, b: number) => Math.max(a, b) > low && Math.min(a, b) < high;
  return inside(left, left + box.width, from.x, to.x) && inside(top, top + box.height, from.y, to.y);
}

test('the test has cards beside each other', () => assert.ok(layout.columns > 1));

for (const [name, map] of [
  ['beside the host', geometry],
  ['below it', stacked],
] as const) {
  for (const from of places) {
    for (const to of places.filter((place) => place !== from)) {
      test(`the way from ${from} to ${to}, ${name}, begins and ends there, and crosses no tile`, () => {
        const way = wayBetween(from, to, map);
        assert.deepEqual(way[0], anchorOf(from, map));
        assert.deepEqual(way.at(-1), anchorOf(to, map));
        for (const segment of segments(way)) {
          for (const box of layout.tiles.values())
            assert.ok(!crosses(segment, box, map.origin), JSON.stringify({ segment, box }));
        }
      });
    }
  }
}

test('below the host no way crosses it, nor the outside', () => {
  const { host, outside } = stacked;
  for (const to of places.slice(1)) {
    for (const segment of segments(wayBetween('outside', to, stacked)))
      for (const box of [host, outside])
        assert.ok(!crosses(segment, box, { x: 0, y: 0 }), `${to} ${JSON.stringify(segment)}`);
  }
  assert.equal(wayBetween('outside', 'link:eth0', stacked).length, 4);
});

test('a note on a narrow screen is below what it is about, and sticks out nowhere', () => {
  const note = { width: 270, height: 80 };
  for (const id of places) {
    const { x, y } = placeNote(id, note, stacked, 800);
    assert.ok(x >= 0 && x + note.width <= stacked.origin.x + layout.width, id);
    assert.ok(y > (anchorOf(id, stacked)?.y ?? 0), id);
  }
});

test('two tiles of one card meet on its rail', () => {
  const card = layout.cards.find(({ id }) => id === 'a');
  const left = geometry.origin.x + (card?.x ?? 0);
  assert.ok(wayBetween('a/0', 'a/7', geometry).every(({ x }) => x > left));
});

test('a note hides nothing of what it is about', () => {
  const note = { width: 150, height: 80 };
  const [tile, card] = [placeNote('a/0', note, geometry, 900), placeNote('a', note, geometry, 900)];
  const box = layout.tiles.get('a/0');
  assert.ok(tile.x >= geometry.origin.x + (box?.x ?? 0) + (box?.width ?? 0));
  assert.ok(card.y >= geometry.host.y + geometry.host.height && card.x + note.width < geometry.origin.x);
  assert.deepEqual(card.leader[0], anchorOf('a', geometry));
  assert.deepEqual(placeNote('a', note, geometry, 500).leader, [], 'where there is no room it stands over the tiles');
});

test('what is not on the map has no way', () => {
  assert.deepEqual(wayBetween('a/0', 'nobody', geometry), []);
  assert.equal(anchorOf('nobody', geometry), undefined);
});

test('a path has round corners and right angles', () => {
  const d = pathThrough([
    { x: 0, y: 0 },
    { x: 20, y: 0 },
    { x: 20, y: 20 },
  ]);
  assert.equal(d, 'M0 0L14 0Q20 0 20 6L20 20');
  assert.equal(
    pathThrough([
      { x: 0, y: 0 },
      { x: 20, y: 20 },
    ]),
    'M0 0L0 14Q0 20 6 20L20 20',
  );
  assert.equal(pathThrough([]), '');
});
