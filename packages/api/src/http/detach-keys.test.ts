import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachKeys, parseDetachKeys, requireDetachKeys } from './detach-keys.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const textOf = (data: Uint8Array): string => String.fromCharCode(...data);

test('the sequence ends the attachment, also when it comes in pieces', () => {
  const keys = new DetachKeys();
  assert.deepEqual(keys.pass(bytes('ab\x10')), { data: bytes('ab'), detached: false });
  assert.deepEqual(keys.pass(bytes('\x11cd')), { data: bytes(''), detached: true });
});

test('the beginning of a sequence that is not completed is handed on', () => {
  const keys = new DetachKeys('a,b,c');
  assert.equal(textOf(keys.pass(bytes('ab')).data), '');
  assert.equal(textOf(keys.pass(bytes('x')).data), 'abx');
  assert.equal(textOf(keys.pass(bytes('aabx')).data), 'aabx');
  assert.equal(keys.pass(bytes('abc')).detached, true);
});

test('keys are written as Docker writes them', () => {
  assert.deepEqual(parseDetachKeys('ctrl-p,ctrl-Q'), [16, 17]);
  assert.deepEqual(parseDetachKeys('ctrl-@,x,ctrl-['), [0, 120, 27]);
  assert.throws(() => parseDetachKeys('ctrl-1'), { code: 'invalid-argument', message: "Unknown character: 'ctrl-1'" });
  requireDetachKeys('ctrl-x', 'escape');
  const message = 'Invalid detach keys (ctrl-x,bad) provided';
  assert.throws(() => requireDetachKeys('ctrl-x,bad', 'detach'), { code: 'invalid-argument', message });
});
