import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Filters } from './filters.ts';
import { imageFilterKeys, nameTest, selectImages } from './image-filters.ts';

const testOf = (...reference: string[]) => nameTest(Filters.parse(JSON.stringify({ reference }), imageFilterKeys));

test('a reference is a name or a pattern of paths, of every tag when it has none', async () => {
  for (const [pattern, name, expected] of [
    ['busybox', 'busybox:latest', true],
    ['busy*:lat*', 'busybox:latest', true],
    ['*', 'busybox:latest', true],
    ['*', 'library/busybox:latest', false],
    ['*/busybox', 'library/busybox:1', true],
    ['bus[xy]box', 'busybox:latest', true],
    ['bus\\ybox', 'busybox:latest', true],
    ['[^b]usybox', 'busybox:latest', false],
    ['BUSYBOX', 'busybox:latest', false],
    [`${'*a'.repeat(60)}*b`, `${'a'.repeat(120)}:latest`, false],
  ] as const) {
    assert.equal((await testOf(pattern))?.(name), expected, pattern);
  }
  assert.equal(await testOf(), undefined);
  await assert.rejects(testOf('['), { code: 'invalid-argument', message: 'syntax error in pattern' });
});

test('an image that others are compared with and that is not there is named as everywhere', () => {
  for (const [reference, name] of [
    ['absent', 'absent:latest'],
    ['localhost:5000/absent', 'localhost:5000/absent:latest'],
    ['absent:1', 'absent:1'],
  ]) {
    const filters = Filters.parse(JSON.stringify({ before: [reference] }), imageFilterKeys);
    assert.throws(() => selectImages([], filters), { code: 'not-found', message: `No such image: ${name}` });
  }
});
