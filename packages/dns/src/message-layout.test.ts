import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipFromBytes } from '@fairlead/base';
import { decodeMessage, encodeMessage } from './message.ts';
import { layoutOf, payloadLimit, truncate } from './message-layout.ts';

const question = { name: 'web', type: 1, class: 1 };
const addresses = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: 'web',
    ttl: 0,
    data: { type: 'A', address: ipFromBytes(Uint8Array.of(10, 0, index >> 8, index & 255)) } as const,
  }));

test('a response that fits is left alone', () => {
  const response = encodeMessage({ id: 1, response: true, questions: [question], answers: addresses(30) });
  assert.equal(truncate(response, 512), response);
});

test('answers that do not fit are cut at a record, TC is set and OPT kept', () => {
  const response = encodeMessage({
    id: 1,
    response: true,
    questions: [question],
    answers: addresses(40),
    edns: { payloadSize: 1232 },
  });
  const cut = truncate(response, 512);
  const message = decodeMessage(cut);
  assert.equal(cut.length, 512);
  assert.equal(message.truncated, true);
  assert.deepEqual(message.answers, addresses(30));
  assert.equal(message.edns?.payloadSize, 1232);
});

test('authority that does not fit goes without TC', () => {
  const response = encodeMessage({
    id: 1,
    response: true,
    questions: [question],
    answers: addresses(2),
    authorities: [
      { name: 'front', ttl: 1, data: { type: 'TXT', strings: [new Uint8Array(255), new Uint8Array(255)] } },
    ],
  });
  const message = decodeMessage(truncate(response, 512));
  assert.equal(message.truncated, undefined);
  assert.equal(message.answers?.length, 2);
  assert.deepEqual(message.authorities, []);
});

for (const [payloadSize, limit] of [
  [undefined, 512],
  [100, 512],
  [1232, 1232],
  [65535, 65535],
] as const) {
  test(`a payload size of ${payloadSize} allows ${limit} octets`, () => {
    const edns = payloadSize === undefined ? {} : { edns: { payloadSize } };
    const query = encodeMessage({ id: 1, questions: [question], ...edns });
    assert.equal(payloadLimit(query, layoutOf(query)), limit);
  });
}
