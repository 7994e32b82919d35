import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rechunk } from './rechunk.ts';

test('the bytes stay the same and the pieces have the size asked for, or nearly', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 40 }), async (source, size) => {
      const result = await Array.fromAsync(rechunk(toAsync(source), size));
      assert.deepEqual(Buffer.concat(result), Buffer.concat(source));
      assert.ok(result.every((piece) => piece.length > 0 && piece.length < 2 * size));
      assert.ok(result.slice(0, -1).every((piece) => piece.length >= size));
    }),
  );
});

async function* toAsync(source: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* source;
}
