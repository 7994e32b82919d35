import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allCapabilities,
  defaultCapabilities,
  parseEffectiveCapabilities,
  resolveCapabilities,
} from './capabilities.ts';

const resolve = (add: string[], drop: string[], privileged = false): string[] =>
  resolveCapabilities({ add, drop, privileged });

test('a container gets the 14 of Docker', () => {
  assert.equal(defaultCapabilities.length, 14);
  assert.deepEqual(resolve([], []), defaultCapabilities);
});

test('names come in any case, with or without CAP_', () => {
  assert.ok(resolve(['net_admin'], []).includes('CAP_NET_ADMIN'));
  assert.ok(!resolve([], ['cap_chown']).includes('CAP_CHOWN'));
});

test('dropping all keeps what is added; adding all drops what is dropped', () => {
  assert.deepEqual(resolve(['CHOWN'], ['ALL']), ['CAP_CHOWN']);
  const all = resolve(['ALL'], ['SYS_ADMIN']);
  assert.equal(all.length, allCapabilities.length - 1);
  assert.ok(!all.includes('CAP_SYS_ADMIN'));
});

test('what this program does not have is left out of the defaults and of ALL', () => {
  const available = ['CAP_CHOWN', 'CAP_KILL'];
  assert.deepEqual(resolveCapabilities({ add: [], drop: [], privileged: false }, available), available);
  assert.deepEqual(resolveCapabilities({ add: ['ALL'], drop: [], privileged: false }, available), available);
  assert.deepEqual(resolveCapabilities({ add: [], drop: [], privileged: true }, available), available);
});

test('an unknown capability is refused', () => {
  assert.throws(() => resolve(['NOSUCH'], []), {
    code: 'invalid-argument',
    message: 'invalid capability: unknown capability: "CAP_NOSUCH"',
  });
});

test('a mask is read by bit', () => {
  assert.deepEqual(parseEffectiveCapabilities('Name:\tx\nCapEff:\t0000000000000021\n'), ['CAP_CHOWN', 'CAP_KILL']);
  assert.equal(parseEffectiveCapabilities('CapEff:\t000001ffffffffff\n').length, allCapabilities.length);
});
