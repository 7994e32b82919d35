import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StdcopyDecoder, stdcopyFrame } from './stdcopy.ts';

test('a frame is the stream, three zeros, the length and the data', () => {
  assert.deepEqual([...stdcopyFrame('stderr', Buffer.from('hi'))], [2, 0, 0, 0, 0, 0, 0, 2, 104, 105]);
});

test('frames cut anywhere are put together again', () => {
  const chunk = fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), data: fc.uint8Array() });
  const property = fc.property(fc.array(chunk), fc.integer({ min: 1, max: 20 }), (chunks, cut) => {
    const wire = Buffer.concat(chunks.map(({ stream, data }) => stdcopyFrame(stream, data)));
    const decoder = new StdcopyDecoder();
    const decoded = Array.from({ length: Math.ceil(wire.length / cut) }, (_, index) =>
      decoder.push(wire.subarray(index * cut, (index + 1) * cut)),
    ).flat();
    assert.deepEqual(
      decoded.map(({ stream, data }) => ({ stream, data: [...data] })),
      chunks.map(({ stream, data }) => ({ stream, data: [...data] })),
    );
  });
  fc.assert(property);
});

test('bytes that are no frames are refused', () => {
  assert.throws(() => new StdcopyDecoder().push(Buffer.from('HTTP/1.1 500')), RangeError);
});
