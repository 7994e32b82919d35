import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAnswer, nameQuery } from './name-query.ts';

test('a query spells a name as labels and asks for its IPv4 address', () => {
  assert.equal(Buffer.from(nameQuery('c4.app')).toString('hex'), '000001000001000000000000026334036170700000010001');
});

test('only an answer with an address to the question asked counts', () => {
  const header = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
  assert.equal(isAnswer(header('000781800001000100000000'), 7), true);
  assert.equal(isAnswer(header('000881800001000100000000'), 7), false, 'another id');
  assert.equal(isAnswer(header('000701800001000100000000'), 7), false, 'a query');
  assert.equal(isAnswer(header('000781830001000000000000'), 7), false, 'no such name');
  assert.equal(isAnswer(header('000781800001000000000000'), 7), false, 'no address');
  assert.equal(isAnswer(header('0007'), 7), false, 'cut off');
});
