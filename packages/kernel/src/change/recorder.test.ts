import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { TranscriptEntry } from '@fairlead/netlink';
import { Recorder } from './recorder.ts';

const entry = (operation: string): TranscriptEntry => ({
  protocol: 'sysctl',
  namespace: '',
  key: operation,
  value: '1',
  operation,
  microseconds: 5,
});
const names = (recorder: Recorder) => recorder.operations().map(({ name, entries }) => [name, entries.length]);

test('effects count to the operation that caused them, also later', async () => {
  const recorder = new Recorder();
  const slow = recorder.operation('slow', async () => {
    recorder.record(entry('a'));
    await setTimeout(5);
    recorder.record(entry('b'));
  });
  recorder.operation('quick', () => recorder.record(entry('c')));
  await slow;
  assert.deepEqual(names(recorder), [
    ['slow', 2],
    ['quick', 1],
  ]);
});

test('an operation inside another counts to that', () => {
  const recorder = new Recorder();
  recorder.operation('outer', () => {
    const id = recorder.currentId;
    recorder.operation('inner', () => {
      assert.equal(recorder.currentId, id);
      recorder.record(entry('a'));
    });
  });
  assert.deepEqual(names(recorder), [['outer', 1]]);
});

test('an effect outside of any operation is one of its own, an operation without effects is none', () => {
  const recorder = new Recorder();
  recorder.operation('nothing', () => {});
  recorder.record(entry('alone'));
  assert.deepEqual(names(recorder), [['alone', 1]]);
});

test('only the last operations are remembered', async () => {
  const recorder = new Recorder(2);
  for (const name of ['a', 'b', 'c']) recorder.operation(name, () => recorder.record(entry(name)));
  assert.deepEqual(names(recorder), [
    ['b', 1],
    ['c', 1],
  ]);
  const [first] = recorder.operations();
  assert.deepEqual(await recorder.transcript(first?.id ?? 0), ['sysctl -q -w b=1']);
  assert.equal(await recorder.transcript(1), undefined);
});

test('a watcher sees every effect', () => {
  const recorder = new Recorder();
  const seen: string[] = [];
  recorder.observe({ record: ({ operation }) => seen.push(operation) });
  recorder.record(entry('a'));
  assert.deepEqual(seen, ['a']);
});

test('whoever observes is told of effects at once and of operations when they are over', async () => {
  const recorder = new Recorder();
  const seen: string[] = [];
  const observer = recorder.observe({
    record: ({ operation }) => seen.push(`effect ${operation}`),
    end: ({ name }, failure) => seen.push(`end ${name}${failure instanceof Error ? `: ${failure.message}` : ''}`),
  });
  const slow = recorder.operation('slow', async () => {
    recorder.record(entry('a'));
    await setTimeout(5);
    throw new Error('no');
  });
  recorder.operation('idle', () => undefined);
  recorder.record(entry('alone'));
  await assert.rejects(slow);
  assert.throws(() =>
    recorder.operation('quick', () => {
      recorder.record(entry('b'));
      throw new Error('never');
    }),
  );
  observer[Symbol.dispose]();
  recorder.record(entry('unseen'));
  assert.deepEqual(seen, ['effect a', 'effect alone', 'end alone', 'end slow: no', 'effect b', 'end quick: never']);
});
