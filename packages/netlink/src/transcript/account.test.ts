import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, KernelObject } from '../object/kernel-object.ts';
import { changesMade, renderAccount, setsKnown } from './account.ts';
import type { TranscriptEntry } from './entry.ts';

const box: KernelObject = { kind: 'namespace', namespace: 'web' };
const setting = (key: string): KernelObject => ({ kind: 'sysctl', namespace: '', key, value: '1' });

function made(change: Change, microseconds: number): TranscriptEntry {
  const { namespace } = change.object;
  const common = { namespace, operation: 'made', microseconds, changes: [change] };
  if (change.object.kind !== 'sysctl') return { ...common, protocol: 'namespace', action: 'add' };
  return { ...common, protocol: 'sysctl', key: change.object.key, value: '1' };
}

const first: Change = { action: 'add', object: setting('a.b') };
const second: Change = { action: 'add', object: setting('a.c') };
const pin: Change = { action: 'add', object: box };

test('what is for the same stands together, with what it cost', () => {
  assert.deepEqual(renderAccount([made(pin, 500), made(first, 20), made(second, 30)]), [
    { reason: 'a network namespace of its own for the container', microseconds: 500, commands: ['ip netns add web'] },
    {
      reason: 'the host as a router of the network',
      microseconds: 50,
      commands: ['sysctl -q -w a.b=1', 'sysctl -q -w a.c=1'],
    },
  ]);
});

test('a setting that was so already is no change, and what is removed is no longer for anything', () => {
  const { changes: _, ...unchanged } = made(first, 10);
  const [one, two] = renderAccount([unchanged, { ...made(pin, 1), changes: [{ action: 'remove', object: box }] }]);
  assert.equal(one?.reason, 'settings that were so already');
  assert.match(two?.reason ?? '', /^no longer: /);
});

test('a change of several messages was made once, and one that failed was not made', () => {
  const refused = { ...made(second, 1), errno: 'EPERM' } as const;
  assert.deepEqual(changesMade([made(first, 1), made(first, 1), refused]), [first]);
});

test('sets are known that were there before and that came with a table', () => {
  const set = { name: 'ports', key: ['inet_service'] } as const;
  const table = { family: 'inet', name: 'fairlead', sets: [set], chains: [] } as const;
  const change: Change = { action: 'add', object: { kind: 'table', namespace: '', definition: table } };
  const before = { table: { family: 'inet', name: 'other' } as const, set };
  const entry = { protocol: 'netfilter', namespace: '', operation: 'add table', microseconds: 1 } as const;
  const known = setsKnown([{ ...entry, bytes: new Uint8Array(), sets: [before], changes: [change] }]);
  assert.deepEqual(
    known.map((schema) => `${schema.table.name} ${schema.set.name}`),
    ['other ports', 'fairlead ports'],
  );
});
