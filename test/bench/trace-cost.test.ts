import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TraceCost, type Turn } from './trace-cost.ts';

/** A turn in which so much was done in each second of the trace, and half of what was lost in each second after it. */
function turn(rate: number, daemon: readonly [number, number, number, number, number]): Turn {
  const counts = [0, 1000, 1000 + rate, 1000 + rate * 2, 1000 + rate * 3, 1000 + rate * 3.5 + 500, 1e6];
  const progress = [counts.map((count, index) => ({ seconds: index, processor: index, count }))];
  const [asked, begun, waited, answered, over] = daemon.map((spent, index) => ({ seconds: index + 1, daemon: spent }));
  assert.ok(asked && begun && waited && answered && over);
  return { progress, looks: { asked, begun, waited, answered, over } };
}

const nothing = turn(1000, [5, 5, 5, 5, 5]);
const traces = turn(800, [0, 200, 400, 600, 600]);
const turns = { trace: turn(900, [0, 20, 23, 30, 32]), traces, nothing, 'nothing again': nothing };

test('turns with and without a trace are held against each other, part by part', () => {
  const cost = new TraceCost('trace');
  cost.note('round trips', turns);
  const ratios = cost
    .lines()
    .flatMap(({ what, ratios: { floor } = {} }) => (floor ? [[what, Number(floor.median.toFixed(3))]] : []));
  assert.deepEqual(ratios, [
    ['round trips of others meanwhile', 0.9],
    ['processor for a round trip meanwhile', 1.111],
    ['round trips of others at first', 0.9],
    ['processor for a round trip at first', 1.111],
    ['round trips of others while it waits', 0.9],
    ['processor for a round trip while it waits', 1.111],
    ['round trips of others afterwards', 0.95],
    ['processor for a round trip afterwards', 1.053],
    ['round trips of others, one trace after another', 0.8],
    ['processor for a round trip, one trace after another', 1.25],
    ['round trips of others, nothing asked for', 1],
    ['processor for a round trip, nothing asked for', 1],
  ]);
});

test('what the daemon does to begin and to end is told apart from what it does while it waits', () => {
  const cost = new TraceCost('trace');
  cost.note('bytes', turns);
  const own = cost.lines().filter(({ what }) => what.startsWith('processor of the daemon'));
  assert.deepEqual(
    own.map(({ unit, results }) => [results.fairlead?.median, unit]),
    [
      [29, 'ms'],
      [3, 'ms/s'],
    ],
  );
});
