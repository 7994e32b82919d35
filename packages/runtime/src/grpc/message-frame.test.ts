import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { frameMessage, MessageFrameReader } from './message-frame.ts';

test('messages come out as they went in, however the bytes are cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 64 }), (sent, step) => {
      const bytes = Buffer.concat(sent.map(frameMessage));
      const reader = new MessageFrameReader();
      const received: Buffer[] = [];
      for (let offset = 0; offset < bytes.length; offset += step) {
        reader.push(bytes.subarray(offset, offset + step));
        for (let message = reader.next(); message; message = reader.next()) received.push(message);
      }
      assert.deepEqual(
        received.map((message) => [...message]),
        sent.map((message) => [...message]),
      );
    }),
  );
});

test('a compressed message is refused', () => {
  const reader = new MessageFrameReader();
  reader.push(Buffer.from([1, 0, 0, 0, 0]));
  assert.throws(() => reader.next(), { code: 'internal' });
});
