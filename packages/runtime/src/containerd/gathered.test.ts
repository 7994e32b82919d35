import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { gathered } from './gathered.ts';

test('the bytes stay the same and the groups have the size asked for, or nearly', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 40 }), async (source, size) => {
      const groups = await Array.fromAsync(gathered(toAsync(source), size));
      const result = groups.map((pieces) => Buffer.concat(pieces));
      assert.deepEqual(Buffer.concat(result), Buffer.concat(source));
      assert.ok(result.every((group) => group.length > 0 && group.length < 2 * size));
      assert.ok(result.slice(0, -1).every((group) => group.length >= size));
    }),
  );
});

async function* toAsync(source: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* source;
}
