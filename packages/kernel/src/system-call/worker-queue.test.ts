import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BeginCall, WorkerQueue } from './worker-queue.ts';

/** Calls that end when they are told to, and refuse to begin when two are under way, as the library does. */
class Library {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  call(name: string): BeginCall<string> {
    return (done) => {
      if (this.#ends.size >= 2) throw new Error('too many calls are running');
      this.begun.push(name);
      this.#ends.set(name, () => {
        this.#ends.delete(name);
        done(name === 'faulty' ? new Error('faulty') : null, name);
      });
    };
  }

  end(name: string): void {
    this.#ends.get(name)?.();
  }
}

test('calls begin in order, never more at a time than the library takes', async () => {
  const library = new Library();
  const queue = new WorkerQueue(2);
  const names = ['first', 'faulty', 'third', 'fourth'];
  const results = names.map((name) => queue.run(library.call(name)));
  const settled = Promise.allSettled(results);
  assert.deepEqual(library.begun, ['first', 'faulty']);
  library.end('faulty');
  assert.deepEqual(library.begun, ['first', 'faulty', 'third']);
  for (const name of ['first', 'third', 'fourth']) library.end(name);
  assert.deepEqual(
    (await settled).map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message)),
    ['first', 'faulty', 'third', 'fourth'],
  );
});

test('a call that does not begin fails alone', async () => {
  const queue = new WorkerQueue(1);
  const refused = queue.run(() => {
    throw new Error('no memory');
  });
  await assert.rejects(refused, /no memory/);
  assert.equal(await queue.run((done) => done(null, 7)), 7);
});
