import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familiarText, parseImageReference } from '@fairlead/registry';
import { orphanedAncestors, orphanedLayers, planRemoval } from './image-removal.ts';
import { ImageTable } from './image-table.ts';

const id = `sha256:${'0123456789ab'.padEnd(64, 'f')}`;
const digest = `@sha256:${'d'.repeat(64)}`;
const stopped = { id: 'cafe00000000'.padEnd(64, '1'), running: false };
const running = { id: 'beef00000000'.padEnd(64, '1'), running: true };

function plan(
  names: string[],
  name: string | undefined,
  force: boolean,
  users: { id: string; running: boolean }[],
  isParent = false,
) {
  const named = name === undefined ? undefined : { text: name, reference: parseImageReference(name) };
  const { untag, ...rest } = planRemoval({
    id,
    references: names.map(parseImageReference),
    named,
    force,
    users,
    isParent,
  });
  return [untag.map(familiarText), rest.delete];
}

for (const [what, names, name, force, users, untag, deleted] of [
  ['the only name takes the image with it', ['a:1'], 'a:1', false, [], ['a:1'], true],
  ['one name of two leaves the image', ['a:1', 'a:2'], 'a:1', false, [], ['a:1'], false],
  ['one name of two goes although a container runs', ['a:1', 'a:2'], 'a:1', false, [running], ['a:1'], false],
  ['the last tag takes its digests along', ['a:1', `a${digest}`], 'a:1', false, [], ['a:1', `a${digest}`], true],
  ['a digest of another repository stays', ['a:1', `b${digest}`], 'a:1', false, [], ['a:1'], false],
  ['a tag leaves the digest to another tag', ['a:1', 'a:2', `a${digest}`], 'a:1', false, [], ['a:1'], false],
  ['a digest goes alone', ['a:1', `a${digest}`], `a${digest}`, false, [], [`a${digest}`], false],
  ['force untags an image of a running container and keeps it', ['a:1'], 'a:1', true, [running], ['a:1'], false],
  ['force removes an image of a stopped container', ['a:1'], 'a:1', true, [stopped], ['a:1'], true],
  ['an ID takes the only name along', ['a:1'], undefined, false, [], ['a:1'], true],
  ['an ID takes a tag and its digest along', ['a:1', `a${digest}`], undefined, false, [], ['a:1', `a${digest}`], true],
  ['an ID without names is removed', [], undefined, false, [], [], true],
  ['an ID takes all names along by force', ['a:1', 'b:1'], undefined, true, [], ['a:1', 'b:1'], true],
  ['an ID is removed by force under a stopped container', ['a:1'], undefined, true, [stopped], ['a:1'], true],
] as const) {
  test(what, () => assert.deepEqual(plan([...names], name, force, [...users]), [untag, deleted]));
}

const remove = 'conflict: unable to delete 0123456789ab';

for (const [what, names, name, force, users, message] of [
  [
    'the only name of an image in use has to be forced',
    ['a:1'],
    'a:1',
    false,
    [stopped],
    'conflict: unable to remove repository reference "a:1" (must force) - container cafe00000000 is using its referenced image 0123456789ab',
  ],
  [
    'an ID with two tags has to be forced',
    ['a:1', 'a:2'],
    undefined,
    false,
    [],
    `${remove} (must be forced) - image is referenced in multiple repositories`,
  ],
  [
    'an ID with two digests of two repositories has to be forced',
    [`a${digest}`, `b${digest}`],
    undefined,
    false,
    [],
    `${remove} (must be forced) - image is referenced in multiple repositories`,
  ],
  [
    'an ID in use by a stopped container has to be forced',
    ['a:1'],
    undefined,
    false,
    [stopped],
    `${remove} (must be forced) - image is being used by stopped container cafe00000000`,
  ],
  [
    'an ID in use by a running container cannot be forced',
    ['a:1'],
    undefined,
    true,
    [stopped, running],
    `${remove} (cannot be forced) - image is being used by running container beef00000000`,
  ],
] as const) {
  test(what, () => {
    assert.throws(() => plan([...names], name, force, [...users]), { code: 'conflict', message });
  });
}

test('layers that another image has stay, and the highest goes first', () => {
  assert.deepEqual(orphanedLayers(['1', '2', '3'], [['1'], ['x', 'y']]), ['3', '2']);
  assert.deepEqual(orphanedLayers([], [['1']]), []);
});

test('an image that others were built on loses its name at most', () => {
  assert.deepEqual(plan(['a:1'], 'a:1', false, [], true), [['a:1'], false]);
  assert.throws(() => plan([], undefined, true, [], true), {
    message: 'conflict: unable to delete 0123456789ab (cannot be forced) - image has dependent child images',
  });
});

test('what an image was built on goes with it, up to the first that somebody needs', () => {
  const table = new ImageTable();
  for (const [id, parent] of [
    ['base', ''],
    ['one', 'base'],
    ['two', 'one'],
    ['three', 'two'],
    ['branch', 'one'],
  ] as const) {
    table.add(id, { mediaType: '', digest: id, size: 1 }, parent);
  }
  const gone = (id: string, wanted: string) => orphanedAncestors(id, table, (other) => other === wanted);
  assert.deepEqual(gone('three', 'none'), ['two']);
  assert.deepEqual(gone('three', 'two'), []);
  table.remove('branch');
  assert.deepEqual(gone('three', 'base'), ['two', 'one']);
  assert.deepEqual(gone('base', 'none'), []);
  table.remove('one');
  assert.equal(table.parentOf('two'), '');
});
