import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PlaceSpec, parsePlaceSpec } from './place-spec.ts';

const valid: [text: string, spec: Record<string, unknown>][] = [
  ['web', { name: 'web' }],
  ['web:80', { name: 'web', port: 80 }],
  ['my-app_1.test:8080', { name: 'my-app_1.test', port: 8080 }],
  ['outside', { name: 'outside' }],
  ['192.0.2.1', { address: '192.0.2.1' }],
  ['192.0.2.1:80', { address: '192.0.2.1', port: 80 }],
  ['2001:db8::1', { address: '2001:db8::1' }],
  ['[2001:db8::1]', { address: '2001:db8::1' }],
  ['[2001:DB8::1]:443', { address: '2001:db8::1', port: 443 }],
];

for (const [text, spec] of valid) {
  test(`${text} is understood`, () => {
    assert.deepEqual(parsePlaceSpec(text), spec satisfies Record<keyof PlaceSpec, unknown> | Record<string, unknown>);
  });
}

for (const text of [
  '',
  ':80',
  'web:',
  'web:0',
  'web:65536',
  'web:80:81',
  '[web]:80',
  'a b',
  '-x',
  '[::1',
  '1.2.3.4:x',
]) {
  test(`"${text}" is refused`, () => {
    assert.throws(() => parsePlaceSpec(text), { code: 'invalid-argument' });
  });
}
