import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImageTable } from './image-table.ts';
import { planPush, pushedReference } from './push-plan.ts';

const table = new ImageTable();
for (const [name, id] of [
  ['docker.io/library/app:v1', 'sha256:1'],
  ['docker.io/library/app:v2', 'sha256:2'],
  [`docker.io/library/app@sha256:${'d'.repeat(64)}`, 'sha256:2'],
  ['host.io/other:latest', 'sha256:1'],
] as const) {
  table.name(name, { id, target: { mediaType: '', digest: id, size: 1 } });
}

test('one tag is pushed, or all of the repository', () => {
  const pushes = (text: string, tag?: string) =>
    planPush(table, pushedReference(text, tag)).pushes.map((push) => `${push.tag} ${push.id}`);
  assert.deepEqual(pushes('app', 'v1'), ['v1 sha256:1']);
  assert.deepEqual(pushes('app'), ['v1 sha256:1', 'v2 sha256:2']);
  assert.deepEqual(pushes('host.io/other'), ['latest sha256:1']);
});

test('what there is not is said in Docker’s words', () => {
  for (const [text, tag, message] of [
    ['none', 'v1', 'An image does not exist locally with the tag: none'],
    ['app', 'v9', 'tag does not exist: app:v9'],
    [`app@sha256:${'d'.repeat(64)}`, undefined, 'cannot push a digest reference'],
  ] as const) {
    assert.throws(() => planPush(table, pushedReference(text, tag)), { message });
  }
});
