import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldStream } from './held-stream.ts';

async function* content(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one');
  yield Buffer.from('two');
}

function held() {
  const state = { isHeld: true };
  const stack = new AsyncDisposableStack();
  stack.defer(() => {
    state.isHeld = false;
  });
  return { state, stream: heldStream(content(), stack) };
}

test('what a stream needs is held until its end', async () => {
  const { state, stream } = held();
  for await (const _ of stream) assert.ok(state.isHeld);
  assert.equal(state.isHeld, false);
});

test('a stream that is left, before or after its first piece, lets go', async () => {
  const left = held();
  for await (const _ of left.stream) break;
  const unread = held();
  await unread.stream[Symbol.asyncIterator]().return?.();
  assert.deepEqual([left.state.isHeld, unread.state.isHeld], [false, false]);
});
