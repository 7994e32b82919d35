import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../model/outcome.ts';
import { type News, settle } from './settle.ts';

/** News that come when the test says so. */
class Bell implements News {
  readonly #hearing = new Set<() => void>();

  listen(hear: () => void): Disposable {
    this.#hearing.add(hear);
    return { [Symbol.dispose]: () => this.#hearing.delete(hear) };
  }

  get listeners(): number {
    return this.#hearing.size;
  }

  ring(): void {
    for (const hear of this.#hearing) hear();
  }
}

function outcome(verdict: Outcome['verdict']): Outcome {
  return { verdict, harmless: new Set(), returned: verdict === 'delivered' };
}

test('who waits for what does not come looks at the beginning and at the end only', async () => {
  let looks = 0;
  const look = () => {
    looks += 1;
    return { outcome: outcome('lost'), seen: 1 };
  };
  await settle(look, new Bell(), { milliseconds: 100, silent: false });
  // A timer may be early by less than a millisecond.
  assert.ok(looks === 2 || looks === 3, `${looks} looks`);
});

test('news are looked at at once', async (context) => {
  // No timer ends while they are mocked: only the bell is heard.
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const bell = new Bell();
  let looks = 0;
  const look = () => {
    looks += 1;
    if (looks === 4) throw new Error('enough');
    return { outcome: outcome('lost'), seen: looks };
  };
  const settled = settle(look, bell, { milliseconds: 1e6, silent: false });
  for (const wanted of [1, 2, 3]) {
    await new Promise(setImmediate);
    assert.equal(looks, wanted);
    bell.ring();
  }
  await assert.rejects(settled, /enough/);
  assert.equal(bell.listeners, 0);
});
