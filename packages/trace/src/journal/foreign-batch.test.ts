import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { ForeignBatch } from './foreign-batch.ts';

/** What is told of routes, and after how many milliseconds. */
function told(play: (batch: ForeignBatch, tick: (milliseconds: number) => void) => void) {
  const lines: [milliseconds: number, name: string, details: number][] = [];
  mock.timers.enable({ apis: ['setTimeout'] });
  const clock = mock.method(performance, 'now', () => now);
  let now = 1_000_000;
  const batch = new ForeignBatch('route', ({ name, details }) => lines.push([now - 1_000_000, name, details.length]));
  try {
    play(batch, (milliseconds) => {
      for (let rest = milliseconds; rest > 0; rest -= 100) {
        now += 100;
        mock.timers.tick(100);
      }
    });
    return lines;
  } finally {
    batch[Symbol.dispose]();
    clock.mock.restore();
    mock.timers.reset();
  }
}

const change = (text: string, isMoot = false) => ({ text, time: 0, author: { processId: 7 }, isMoot: () => isMoot });

describe('changes that are gathered', () => {
  test('few are told one by one, those that turned out to be ours not at all', () => {
    const lines = told((batch, tick) => {
      for (const text of ['a added', 'b added', 'a added']) batch.add(change(text));
      batch.add(change('c added', true));
      tick(2000);
    });
    assert.deepEqual(lines, [
      [1500, 'a added (2 times)', 0],
      [1500, 'b added', 0],
    ]);
  });

  test('of many the first are named, however many there are', () => {
    const lines = told((batch, tick) => {
      for (let index = 0; index < 5000; index++) batch.add(change(`route ${index} added`));
      tick(2000);
    });
    assert.deepEqual(lines, [[1500, '5000 changes of routes and rules', 5]]);
  });

  test('what flaps for ten minutes is told less than twice a minute, and soon again after a pause', () => {
    const lines = told((batch, tick) => {
      for (let second = 0; second < 600; second++) {
        batch.add(change('a added'));
        batch.add(change('a removed'));
        tick(1000);
      }
      tick(80_000);
      batch.add(change('b added'));
      tick(2000);
    });
    assert.ok(lines.length < 40, String(lines.length));
    assert.deepEqual(lines.at(-1), [681_500, 'b added', 0]);
  });
});
