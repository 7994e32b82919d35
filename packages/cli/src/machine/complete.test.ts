import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandTable } from '../command/command-table.ts';
import { candidatesFor } from './complete.ts';

const cases: readonly [line: string, includes: string | readonly string[]][] = [
  ['', ['run', 'network', 'daemon']],
  ['network ', ['create', 'connect']],
  ['network connect ', 'network'],
  ['volume ', ['create', 'inspect', 'ls', 'prune', 'rm']],
  ['volume rm ', 'volume'],
  ['volume create --driver ', ['local']],
  ['run --pull ', ['always', 'missing', 'never']],
  ['run --rm --net ', 'network'],
  ['run --rm ', 'image'],
  ['run -', ['--publish', '--network']],
  ['stop ', 'running-container'],
];

for (const [line, expected] of cases) {
  test(`after 'fairlead ${line}' come ${expected}`, () => {
    const candidates = candidatesFor(commandTable, line.split(' '));
    if (typeof expected === 'string') assert.equal(candidates, expected);
    else for (const word of expected) assert.ok(candidates.includes(word), `${word} in ${candidates}`);
  });
}

test('what follows the image is the program’s own', () => {
  assert.deepEqual(candidatesFor(commandTable, ['run', '--name', 'web', 'busybox', '-']), []);
});

test('every command has a name of its own', () => {
  const names = commandTable.flatMap(({ words, aliases = [] }) => [words, ...aliases].map((name) => name.join(' ')));
  assert.equal(new Set(names).size, names.length);
});
