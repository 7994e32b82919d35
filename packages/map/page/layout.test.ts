import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Area, type Box, type CardContent, type Layout, layOut, seat } from './layout.ts';

const laptop: Area = { width: 620, height: 700 };
const desk: Area = { width: 1260, height: 980 };

function card(id: string, count: number): CardContent {
  return { id, tiles: Array.from({ length: count }, (_, index) => `${id}/${index}`) };
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function assertSound({ cards, tiles }: Layout, { width }: Area): void {
  cards.forEach((one, index) => {
    assert.ok(one.x >= 0 && one.x + one.width <= width, `${one.id} is inside`);
    assert.ok(
      cards.slice(index + 1).every((other) => !overlap(one, other)),
      `${one.id} is alone`,
    );
    const boxes = one.seats.flatMap((id) => (id === undefined ? [] : (tiles.get(id) ?? [])));
    for (const box of boxes) {
      assert.ok(box.x >= one.x && box.x + box.width <= one.x + one.width && box.y + box.height <= one.y + one.height);
    }
    const [first, second] = boxes;
    if (first !== undefined && second !== undefined) assert.ok(!overlap(first, second));
  });
}

const sizes: [name: string, cards: CardContent[], area: Area, level: string][] = [
  ['three small networks on a laptop', [card('a', 4), card('b', 3), card('c', 2)], laptop, 'large'],
  ['forty containers on a laptop', [card('a', 20), card('b', 20)], laptop, 'medium'],
  ['five hundred containers on a desk', [card('a', 200), card('b', 150), card('c', 150)], desk, 'dense'],
  ['five hundred containers on a laptop', [card('a', 250), card('b', 250)], laptop, 'cell'],
  ['thirty networks of five', Array.from({ length: 30 }, (_, index) => card(`n${index}`, 5)), desk, 'small'],
];
for (const [name, cards, area, level] of sizes) {
  test(`${name}: ${level} tiles, all on one screen`, () => {
    const layout = layOut(cards, area);
    assert.equal(layout.size.level, level);
    assert.ok(Math.max(...layout.cards.map(({ y, height }) => y + height)) <= area.height);
    assertSound(layout, area);
  });
}

test('whoever comes next moves nobody, even where the last row is full', () => {
  for (let count = 0; count < 20; count++) {
    const before = layOut([card('a', count), card('b', 2)], desk);
    const after = layOut([card('a', count + 1), card('b', 2)], desk, before);
    for (const [id, box] of before.tiles) assert.deepEqual(after.tiles.get(id), box, `${count}: ${id}`);
  }
});

test('who is there stays where it is when others come and go', () => {
  const before = layOut([card('a', 5), card('b', 5)], laptop);
  const [a, b] = [card('a', 6), card('b', 5)];
  const after = layOut([{ ...a, tiles: a.tiles.filter((id) => id !== 'a/1') }, b, card('c', 1)], laptop, before);
  for (const id of ['a/0', 'a/2', 'a/3', 'a/4', ...b.tiles])
    assert.deepEqual(after.tiles.get(id), before.tiles.get(id));
  assert.deepEqual(after.tiles.get('a/5'), before.tiles.get('a/1'), 'the new one has the empty seat');
});

test('the last one who leaves does not make the card smaller, and a new area begins anew', () => {
  const before = layOut([card('a', 4), card('b', 1)], laptop);
  const after = layOut([card('a', 3), card('b', 1)], laptop, before);
  assert.deepEqual(after.tiles.get('b/0'), before.tiles.get('b/0'));
  const wide = layOut([card('a', 3), card('b', 1)], desk, after);
  assert.deepEqual(wide, layOut([card('a', 3), card('b', 1)], desk));
});

test('tiles get smaller when there is no room any more, and all at once', () => {
  const before = layOut([card('a', 12)], laptop);
  const after = layOut([card('a', 60)], laptop, before);
  assert.notEqual(after.size.level, before.size.level);
  assertSound(after, laptop);
});

test('what does not fit at all is as low as it can be', () => {
  const layout = layOut([card('a', 5000)], laptop);
  assert.equal(layout.size.level, 'cell');
  assertSound(layout, laptop);
});

test('a seat is taken once, whoever comes and goes', () => {
  const guests = fc.uniqueArray(fc.constantFrom(...'abcdefgh'));
  fc.assert(
    fc.property(guests, guests, (before, after) => {
      const seats = seat(after, seat(before, []));
      assert.deepEqual(seats.filter((id) => id !== undefined).toSorted(), after.toSorted());
      for (const id of after) if (before.includes(id)) assert.equal(seats.indexOf(id), before.indexOf(id));
    }),
  );
});
