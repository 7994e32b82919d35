import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseVolumesFrom } from './volumes-from.ts';

test('a container and how its mounts are taken over', () => {
  const cases = [
    ['data', 'data', false],
    ['data:', 'data', false],
    ['data:rw', 'data', false],
    ['data:ro', 'data', true],
    ['data:ro,z', 'data', true],
  ] as const;
  for (const [text, container, readOnly] of cases) assert.deepEqual(parseVolumesFrom(text), { container, readOnly });
});

test('what makes no sense there is refused in Docker’s words', () => {
  const cases = [
    ['', 'volumes-from specification cannot be an empty string'],
    ['data:zz', 'invalid mode: zz'],
    ['data:nocopy', 'invalid mode: nocopy'],
    ['data:rshared', 'invalid mode: rshared'],
    ['data:ro,rw', 'invalid mode: ro,rw'],
    ['data:ro:z', 'invalid mode: ro:z'],
  ] as const;
  for (const [text, message] of cases) {
    assert.throws(() => parseVolumesFrom(text), { code: 'invalid-argument', message }, text);
  }
});
