import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ttrpcAnswer, ttrpcRequest } from './ttrpc.ts';

const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('a request is a frame with service, method and message', () => {
  const expected = bytes(
    '00000010 00000001 01 00 0a05 732e5376 31 1201 57 1a04 0a02 6964'.replace('732e5376 31', '732e537631'),
  );
  assert.deepEqual(ttrpcRequest('s.Sv1', 'W', bytes('0a02 6964')), expected);
});

test('an answer is read when all of it is there', () => {
  const answer = bytes('00000004 00000001 02 00 1202 082a');
  for (let length = 0; length < answer.length; length++) {
    assert.equal(ttrpcAnswer(answer.subarray(0, length)), undefined, `${length} bytes`);
  }
  assert.deepEqual(Buffer.from(ttrpcAnswer(answer) ?? []), bytes('082a'));
});

test('an empty status is success, one with a code is a failure, and other fields are passed over', () => {
  assert.deepEqual(Buffer.from(ttrpcAnswer(bytes('00000006 00000001 02 00 0a00 1202 082a')) ?? []), bytes('082a'));
  assert.equal(ttrpcAnswer(bytes('00000004 00000001 02 00 0a02 0805')), 'failed');
  assert.deepEqual(Buffer.from(ttrpcAnswer(bytes('00000006 00000001 02 00 1801 1202 0807')) ?? []), bytes('0807'));
});
