import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familiarText } from '@fairlead/registry';
import { findImage, imagesWithTags, newTag } from './image-lookup.ts';
import { ImageTable } from './image-table.ts';

const ids = ['a1', 'a2', 'b3'].map((start) => `sha256:${start.padEnd(64, '0')}`) as [string, string, string];
const [first, second, third] = ids;
const digest = `sha256:${'d'.repeat(64)}`;

function sampleTable(): ImageTable {
  const table = new ImageTable();
  const target = (id: string) => ({ id, target: { mediaType: '', digest: id, size: 1 } });
  for (const id of ids) table.add(id, target(id).target);
  table.name('docker.io/library/busybox:latest', target(first));
  table.name(`docker.io/library/busybox@${digest}`, target(first));
  table.name('registry.example:5000/x/y:1', target(second));
  table.name('docker.io/library/b3:latest', target(first));
  return table;
}

for (const [text, id] of [
  ['busybox', first],
  ['busybox:latest', first],
  ['docker.io/library/busybox', first],
  [`busybox@${digest}`, first],
  // What a tag names may have changed since: only the digest counts.
  [`busybox:gone@${digest}`, first],
  ['registry.example:5000/x/y:1', second],
  [second, second],
  [second.slice('sha256:'.length), second],
  ['sha256:a2', second],
  ['a2', second],
  // A name goes before an ID.
  ['b3', first],
  ['b30', third],
] as const) {
  test(`"${text}" finds an image`, () => assert.equal(findImage(sampleTable(), text).id, id));
}

for (const [text, message] of [
  ['alpine', 'No such image: alpine:latest'],
  ['busybox:1', 'No such image: busybox:1'],
  ['registry.example:5000/x/y', 'No such image: registry.example:5000/x/y:latest'],
  // Two images begin so.
  ['a', 'No such image: a:latest'],
  ['sha256:ff', 'No such image: sha256:ff'],
  ['f'.repeat(64), `No such image: sha256:${'f'.repeat(64)}`],
  [`other@${digest}`, `No such image: other@${digest}`],
] as const) {
  test(`"${text}" finds nothing and says so in Docker's words`, () => {
    assert.throws(() => findImage(sampleTable(), text), { code: 'not-found', message });
  });
}

test('a name that was given tells which name it was, an ID does not', () => {
  const { reference } = findImage(sampleTable(), 'busybox');
  assert.equal(reference && familiarText(reference), 'busybox:latest');
  assert.equal(findImage(sampleTable(), 'a2').reference, undefined);
});

for (const [repository, tag, name] of [
  ['busybox', '', 'busybox:latest'],
  ['busybox', 'v1', 'busybox:v1'],
  ['busybox:v1', '', 'busybox:v1'],
  ['busybox:v1', 'v2', 'busybox:v2'],
  ['localhost:5000/a/b', 'c', 'localhost:5000/a/b:c'],
] as const) {
  test(`the new tag "${tag}" of "${repository}" is ${name}`, () => {
    assert.equal(familiarText(newTag(repository, tag)), name);
  });
}

for (const [repository, tag, message] of [
  ['Busybox', '', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
  ['busybox', '-x', 'invalid tag format'],
  [`busybox@${digest}`, '', 'refusing to create a tag with a digest reference'],
  ['sha256', 'x', 'refusing to create an ambiguous tag using digest algorithm as name'],
] as const) {
  test(`the new tag "${tag}" of "${repository}" is refused`, () => {
    assert.throws(() => newTag(repository, tag), { code: 'invalid-argument', message });
  });
}

for (const [text, found] of [
  ['busybox:latest', [[first, ['busybox:latest']]]],
  ['busybox', [[first, ['busybox:latest']]]],
  ['registry.example:5000/x/y', [[second, ['registry.example:5000/x/y:1']]]],
  [`busybox@${digest}`, [[first, []]]],
  [second, [[second, []]]],
  ['a2', [[second, []]]],
] as const) {
  test(`"${text}" is saved with its tags`, () => {
    const images = imagesWithTags(sampleTable(), text);
    assert.deepEqual(
      images.map(({ id, tags }) => [id, tags.map(familiarText)]),
      found,
    );
  });
}

for (const [text, message] of [
  ['alpine', 'No such image: alpine'],
  ['x/y/alpine', 'No such image: x/y/alpine'],
  // Two images begin so.
  ['a', 'No such image: a'],
  ['busybox:1', 'reference does not exist'],
  [`other@${digest}`, 'reference does not exist'],
  ['f'.repeat(64), `No such image: sha256:${'f'.repeat(64)}`],
] as const) {
  test(`"${text}" cannot be saved, and Docker's words say so`, () => {
    assert.throws(() => imagesWithTags(sampleTable(), text), { code: 'not-found', message });
  });
}
