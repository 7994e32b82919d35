import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteNamespace, Kernel, namespacePath, Recorder } from '@fairlead/kernel';
import { type ForeignWatch, watchForeignChanges } from './foreign-watch.ts';
import type { ForeignEntry } from './journal-entry.ts';

/** What other programs do in a namespace that plays the host. */

const name = `fl-test-journal-${process.pid}`;
const recorder = new Recorder();
const kernel = new Kernel(recorder);
let seen: ForeignEntry[] = [];
let watch: ForeignWatch;

before(async () => {
  deleteNamespace(name);
  await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace: name } }]);
  run('ip', 'link', 'add', 'br-ours', 'type', 'bridge');
  run('ip', 'link', 'set', 'br-ours', 'alias', 'fairlead network 1234', 'up');
  run('ip', 'link', 'add', 'br-theirs', 'type', 'bridge');
  const isOwn = (alias: string | undefined) => alias?.startsWith('fairlead ') === true;
  watch = watchForeignChanges({ isOwn, change: (entry) => seen.push(entry), loss: () => assert.fail('lost') }, name);
  recorder.observe({ record: (entry) => watch.touch(entry) });
});

after(() => {
  watch[Symbol.dispose]();
  kernel[Symbol.dispose]();
  deleteNamespace(name);
});

beforeEach(() => {
  seen = [];
});

function run(...command: string[]): void {
  execFileSync('nsenter', [`--net=${namespacePath(name)}`, ...command], { stdio: 'pipe' });
}

async function changes(count: number): Promise<ForeignEntry[]> {
  for (let attempt = 0; seen.length < count; attempt++) {
    assert.ok(attempt < 500, `${seen.length} of ${count}: ${JSON.stringify(seen)}`);
    await sleep(10);
  }
  return seen;
}

test('a rule that somebody adds is told with who it was and what it says', async () => {
  run('nft', 'add table ip filter; add chain ip filter FORWARD; add rule ip filter FORWARD tcp dport 81 drop');
  const [change] = await changes(1);
  assert.equal(
    change?.name,
    'table ip filter added, ip filter: chain FORWARD added, ip filter: 1 rule added to FORWARD',
  );
  assert.deepEqual(change?.details, ['ip filter FORWARD: tcp dport 81 drop']);
  assert.equal(change?.program, 'nft');
  assert.ok((change?.processId ?? 0) > 1);
});

test('what goes with a table is told as well', async () => {
  run('nft', 'delete', 'table', 'ip', 'filter');
  const [change] = await changes(1);
  assert.match(change?.name ?? '', /ip filter: 1 rule removed from FORWARD/);
  assert.match(change?.name ?? '', /table ip filter removed/);
});

test('what we do to the firewall ourselves is not told', async () => {
  const definition = { family: 'inet', name: 'own', sets: [], chains: [] } as const;
  await kernel.apply([{ action: 'add', object: { kind: 'table', namespace: name, definition } }]);
  run('nft', 'list', 'table', 'inet', 'own');
  run('nft', 'add', 'table', 'ip', 'witness');
  const all = await changes(1);
  assert.deepEqual(
    all.map((change) => change.name),
    ['table ip witness added'],
  );
});

test('what somebody does to an interface of ours is told, what to another one is not', async () => {
  run('ip', 'link', 'set', 'br-theirs', 'up');
  run('ip', 'address', 'add', '10.9.1.1/24', 'dev', 'br-ours');
  run('ip', 'address', 'add', 'fd00::1/64', 'dev', 'br-ours');
  run('ip', 'link', 'set', 'br-ours', 'mtu', '1400');
  run('ip', 'link', 'set', 'br-ours', 'down');
  run('ip', 'link', 'delete', 'br-ours');
  await changes(5);
  await sleep(50);
  const names = seen.map((change) => change.name);
  assert.deepEqual(
    names.filter((text) => !text.includes('removed') || text === 'br-ours removed'),
    [
      'br-ours: address 10.9.1.1/24 added',
      'br-ours: address fd00::1/64 added',
      'br-ours: MTU 1500 changed to 1400',
      'br-ours set down',
      'br-ours removed',
    ],
  );
});
