import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inventName, parseContainerName } from './container-name.ts';

test('names of Docker’s grammar are taken, with or without the slash of old clients', () => {
  for (const name of ['a1', 'web', 'Web_1.two-3', '0x', 'a'.repeat(300)]) {
    assert.equal(parseContainerName(name), name);
    assert.equal(parseContainerName(`/${name}`), name);
  }
});

test('other names are refused with the rule', () => {
  for (const name of ['', '/', 'a', '-a', '.a', '_a', 'a b', 'a/b', 'ä1', 'a1\n', '//ab']) {
    assert.throws(() => parseContainerName(name), {
      code: 'invalid-argument',
      message: `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    });
  }
});

test('an invented name is free and is a name', () => {
  const taken = new Set<string>();
  for (let count = 0; count < 500; count++) {
    const name = inventName((candidate) => taken.has(candidate));
    assert.equal(parseContainerName(name), name);
    assert.ok(!taken.has(name));
    taken.add(name);
  }
});

test('when chance offers the same words again and again, a number makes them new', () => {
  const first = inventName(
    () => false,
    () => 0,
  );
  assert.match(
    inventName(
      (name) => name === first,
      () => 0.5,
    ),
    /^[a-z]+_[a-z]+$/,
  );
  let calls = 0;
  const random = () => (calls++ < 10 ? 0 : 0.5);
  assert.match(
    inventName((name) => name === first, random),
    /^[a-z]+_[a-z]+\d+$/,
  );
});
