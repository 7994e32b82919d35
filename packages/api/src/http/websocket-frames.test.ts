import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FrameReader, websocketOpcode } from './websocket-frames.ts';

/** A frame as a client sends it: what a server would send, with a mask. */
function masked(opcode: number, payload: Uint8Array, mask = Buffer.from([1, 2, 3, 4])): Buffer {
  const plain = Buffer.from(encodeFrame(opcode, payload));
  const head = plain.length - payload.length;
  plain[1] = (plain[1] ?? 0) | 0x80;
  const hidden = payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0));
  return Buffer.concat([plain.subarray(0, head), mask, hidden]);
}

test('frames of servers have the length that RFC 6455 gives them', () => {
  for (const [length, head] of [
    [0, '8200'],
    [125, '827d'],
    [126, '827e007e'],
    [65_535, '827effff'],
    [65_536, '827f0000000000010000'],
  ] as const) {
    const frame = Buffer.from(encodeFrame(websocketOpcode.binary, new Uint8Array(length)));
    assert.equal(frame.subarray(0, frame.length - length).toString('hex'), head);
  }
});

test('the example of RFC 6455 is read', () => {
  const [frame] = new FrameReader().push(Buffer.from('818537fa213d7f9f4d5158', 'hex'));
  assert.equal(frame?.opcode, websocketOpcode.text);
  assert.equal(Buffer.from(frame?.payload ?? []).toString(), 'Hello');
});

test('any payloads in any pieces come out as they were', () => {
  const payload = fc.oneof(
    fc.uint8Array(),
    fc.nat({ max: 70_000 }).map((length) => new Uint8Array(length).fill(7)),
  );
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 4 }), fc.integer({ min: 1, max: 5000 }), (payloads, size) => {
      const bytes = Buffer.concat(payloads.map((each) => masked(websocketOpcode.binary, each)));
      const reader = new FrameReader();
      const frames = [];
      for (let at = 0; at < bytes.length; at += size) frames.push(...reader.push(bytes.subarray(at, at + size)));
      assert.deepEqual(
        frames.map((frame) => Buffer.from(frame.payload).toString('hex')),
        payloads.map((each) => Buffer.from(each).toString('hex')),
      );
    }),
    { numRuns: 50 },
  );
});

for (const [what, bytes] of [
  ['no mask', '8105'],
  ['reserved bits', 'f180'],
  ['more than anybody sends', '82ff0000100000000000'],
] as const) {
  test(`a frame with ${what} is refused`, () => {
    const data = Buffer.concat([Buffer.from(bytes, 'hex'), Buffer.alloc(8)]);
    assert.throws(() => new FrameReader().push(data), /WebSocket: /);
  });
}
