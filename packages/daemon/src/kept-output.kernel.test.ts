import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { copyPipe, makeFifo, movePipe, openPipe, setPipeCapacity, whenReadable } from '@fairlead/kernel';
import { ProcessStreams } from '@fairlead/runtime';

/** Output that is kept, with the calls that the daemon gives for it and the pipes of the kernel. */

const calls = {
  ...{ makeFifo, setPipeCapacity },
  keeping: { makeFifo, setPipeCapacity, openPipe, movePipe, copyPipe, whenReadable },
};

/** Streams of a process with a terminal, what has come out of them, and the end that it writes to. */
async function terminal(t: TestContext) {
  const directory = join(mkdtempSync(join(tmpdir(), 'fairlead-kept-')), 'pipes');
  t.after(() => rmSync(join(directory, '..'), { recursive: true }));
  const layout = { directory, stdin: false, terminal: true };
  const streams = await ProcessStreams.create(layout, calls);
  t.after(() => streams[Symbol.dispose]());
  // As the name service's process holds them.
  const held = streams.heldPaths.map((path) => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  t.after(() => held.forEach(closeSync));
  const writer = openSync(streams.paths.stdout, constants.O_WRONLY);
  return { layout, streams, writer, seen: listen(streams) };
}

function listen({ stdout }: ProcessStreams): string[] {
  const seen: string[] = [];
  stdout.on('data', (data: Buffer) => seen.push(data.toString()));
  return seen;
}

test('there is no next piece before the last one was let go of', async (t) => {
  const { streams, writer, seen } = await terminal(t);
  streams.stdout.resume();
  writeSync(writer, 'one');
  await once(streams.stdout, 'data');
  writeSync(writer, 'two');
  streams.stdout.pause();
  streams.stdout.resume();
  for (let count = 0; count < 10; count++) await turn();
  assert.deepEqual(seen, ['one']);
  streams.stdout.letGo?.();
  await once(streams.stdout, 'data');
  assert.deepEqual(seen, ['one', 'two']);
  streams.stdout.letGo?.();
  closeSync(writer);
  await once(streams.stdout, 'close');
});

test('whoever writes as fast as possible is heard to the last byte, in whatever pieces', async (t) => {
  const { streams, writer } = await terminal(t);
  const numbers = 300_000;
  const pieces: string[] = [];
  streams.stdout.on('data', (data: Buffer) => {
    pieces.push(data.toString());
    // Now in the same turn, now later, as a log does whose disk is slow.
    if (pieces.length % 3 === 0) setImmediate(() => streams.stdout.letGo?.());
    else streams.stdout.letGo?.();
  });
  streams.stdout.resume();
  spawn('sh', ['-c', `seq ${numbers} >${streams.paths.stdout}`]).on('exit', () => closeSync(writer));
  await once(streams.stdout, 'close');
  const expected = Array.from({ length: numbers }, (_, index) => `${index + 1}\n`).join('');
  assert.ok(pieces.join('') === expected, `${pieces.length} pieces`);
});

test('who comes after a program that was killed finds what it took and not what it let go of', async (t) => {
  const { layout, streams, writer } = await terminal(t);
  streams.stdout.resume();
  writeSync(writer, 'written ');
  await once(streams.stdout, 'data');
  streams.stdout.letGo?.();
  writeSync(writer, 'taken ');
  await once(streams.stdout, 'data');
  writeSync(writer, 'waiting');
  streams.release();
  const next = await ProcessStreams.reopen(layout, calls);
  t.after(() => next.release());
  const seen = listen(next);
  const [left] = next.left();
  assert.equal(left?.data.toString(), 'taken ');
  next.stdout.resume();
  left.letGo();
  await once(next.stdout, 'data');
  assert.deepEqual(seen, ['waiting']);
  next.stdout.letGo?.();
  assert.deepEqual(next.left(), []);
  closeSync(writer);
});

test('what is still worked on when its streams are released can be let go of, and nobody finds it', async (t) => {
  const { layout, streams, writer } = await terminal(t);
  streams.stdout.resume();
  writeSync(writer, 'taken ');
  await once(streams.stdout, 'data');
  streams.release();
  streams.stdout.letGo?.();
  streams.stdout.letGo?.();
  const next = await ProcessStreams.reopen(layout, calls);
  t.after(() => next.release());
  assert.deepEqual(next.left(), []);
  closeSync(writer);
});

test('a process whose output an earlier version of the program did not keep is read on', async (t) => {
  const { layout, streams, writer } = await terminal(t);
  streams.release();
  rmSync(`${streams.paths.stdout}.kept`);
  writeSync(writer, 'waiting');
  const next = await ProcessStreams.reopen(layout, calls);
  t.after(() => next.release());
  assert.deepEqual(next.left(), []);
  const seen = listen(next);
  next.stdout.resume();
  await once(next.stdout, 'data');
  assert.deepEqual(seen, ['waiting']);
  closeSync(writer);
});

test('much comes through in larger and larger pieces, and whole', async (t) => {
  const { streams, writer } = await terminal(t);
  const bytes = Buffer.alloc(1 << 16, 'some words ');
  const pieces: number[] = [];
  let isSame = true;
  streams.stdout.on('data', (data: Buffer) => {
    isSame &&= data.equals(bytes.subarray(pieces.reduce((a, b) => a + b, 0) % bytes.length).subarray(0, data.length));
    pieces.push(data.length);
    streams.stdout.letGo?.();
  });
  streams.stdout.resume();
  for (let total = 0; total < 5 * bytes.length; total += bytes.length) {
    writeSync(writer, bytes);
    while (pieces.reduce((a, b) => a + b, 0) < total + bytes.length) await once(streams.stdout, 'data');
  }
  assert.ok(isSame);
  assert.ok((pieces[0] ?? 0) <= 8192 && pieces.at(-1) === bytes.length, pieces.join());
  closeSync(writer);
});
