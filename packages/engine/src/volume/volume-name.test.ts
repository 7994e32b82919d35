import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Volume } from './volume-model.ts';
import { anonymousLabels, isAnonymous, requireVolumeName } from './volume-name.ts';

const wrong = (name: string) =>
  `"${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. ` +
  'If you intended to pass a host directory, use absolute path';
const short = 'volume name is too short, names should be at least two alphanumeric characters';

test('names are those of Docker', () => {
  for (const name of ['db', 'A1', '0_.-', 'ab'.repeat(32)]) requireVolumeName(name);
  const cases = [
    ['a', short],
    ['a/b', wrong('a/b')],
    ['..', wrong('..')],
    ['.hidden', wrong('.hidden')],
    ['-x', wrong('-x')],
    ['näme', wrong('näme')],
    ['a\nb', wrong('a\\nb')],
  ] as const;
  for (const [name, message] of cases) {
    assert.throws(() => requireVolumeName(name), { code: 'invalid-argument', message }, name);
  }
});

test('an anonymous volume is known by its label, not by its name', () => {
  const volume: Volume = { id: 'ab'.repeat(32), driver: 'local', created: 0, labels: null, options: null };
  const cases = [null, {}, { a: 'b' }, anonymousLabels, { a: 'b', ...anonymousLabels }];
  assert.deepEqual(
    cases.map((labels) => isAnonymous({ ...volume, labels })),
    [false, false, false, true, true],
  );
});
