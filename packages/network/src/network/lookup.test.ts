import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNetwork } from './lookup.ts';

const networks = [
  { id: `aa${'0'.repeat(62)}`, name: 'app' },
  { id: `ab${'0'.repeat(62)}`, name: 'back' },
  { id: `cc${'0'.repeat(62)}`, name: 'ab' },
  { id: `dd${'0'.repeat(62)}`, name: `aa${'0'.repeat(62)}` },
];

const found: readonly [string, string, string][] = [
  ['a full id before a name', `aa${'0'.repeat(62)}`, 'app'],
  ['a name before the beginning of an id', 'ab', 'ab'],
  ['the beginning of an id', 'ab0', 'back'],
  ['a single digit that fits one', 'c', 'ab'],
];

for (const [name, reference, expected] of found) {
  test(`look-up: ${name}`, () => assert.equal(findNetwork(networks, reference).name, expected));
}

const refused: readonly [string, string, string][] = [
  ['a', 'invalid-argument', 'network a is ambiguous (2 matches found based on ID prefix)'],
  ['nix', 'not-found', 'network nix not found'],
  ['', 'not-found', 'network  not found'],
  ['APP', 'not-found', 'network APP not found'],
];

for (const [reference, code, message] of refused) {
  test(`look-up: ${JSON.stringify(reference)} is ${code}`, () => {
    assert.throws(() => findNetwork(networks, reference), { code, message });
  });
}
