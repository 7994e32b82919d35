import assert from 'node:assert/strict';
import { closeSync, readSync, writeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { copyPipe, movePipe, openPipe, setPipeCapacity } from './pipe.ts';

function pipe(t: TestContext) {
  const { reading, writing } = openPipe();
  let open = true;
  const end = () => {
    if (open) closeSync(writing);
    open = false;
  };
  t.after(() => {
    end();
    closeSync(reading);
  });
  return { reading, writing, end };
}

function contents(descriptor: number): string {
  const bytes = Buffer.alloc(1 << 17);
  return bytes.toString('latin1', 0, readSync(descriptor, bytes));
}

test('what a pipe holds is moved to another one, all of it or as much as was asked for', (t) => {
  const [from, to] = [pipe(t), pipe(t)];
  writeSync(from.writing, 'abcdef');
  assert.equal(movePipe(from.reading, to.writing, 4), 4);
  assert.equal(contents(to.reading), 'abcd');
  assert.equal(movePipe(from.reading, to.writing, 1000), 2);
  assert.equal(contents(to.reading), 'ef');
});

test('a copy leaves the pipe as it was', (t) => {
  const [from, to] = [pipe(t), pipe(t)];
  writeSync(from.writing, 'abcdef');
  assert.equal(copyPipe(from.reading, to.writing, 1000), 6);
  assert.equal(contents(to.reading), 'abcdef');
  assert.equal(contents(from.reading), 'abcdef');
});

test('an empty pipe has nothing yet, or nothing any more; a full one takes nothing', (t) => {
  const [from, to] = [pipe(t), pipe(t)];
  assert.equal(movePipe(from.reading, to.writing, 10), undefined);
  assert.equal(copyPipe(from.reading, to.writing, 10), undefined);
  from.end();
  assert.equal(movePipe(from.reading, to.writing, 10), 0);
  const [other, small] = [pipe(t), pipe(t)];
  setPipeCapacity(small.writing, 4096);
  writeSync(small.writing, Buffer.alloc(4096));
  writeSync(other.writing, 'abc');
  assert.equal(movePipe(other.reading, small.writing, 10), undefined);
});
