import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { OutputChunk } from '../stream-port.ts';
import { type OutputSink, ProcessIo } from './process-io.ts';

const MEBIBYTE = 1 << 20;
let pipes = 0;

/** Two ends of a pipe as sockets: what the process writes to, and what is read. */
async function pipe(t: TestContext): Promise<{ readonly writer: Socket; readonly reader: Socket }> {
  const server = createServer().listen(join(tmpdir(), `fairlead-io-${process.pid}-${pipes++}`));
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const path = server.address();
  assert.ok(typeof path === 'string');
  const reader = connect(path);
  const [writer]: Socket[] = await accepted;
  assert.ok(writer);
  server.close();
  reader.on('error', () => {});
  writer.on('error', () => {});
  t.after(() => [reader, writer].forEach((socket) => socket.destroy()));
  return { writer, reader };
}

async function processOf(t: TestContext, sink: OutputSink = () => undefined) {
  const [stdout, stderr] = [await pipe(t), await pipe(t)];
  return {
    io: new ProcessIo({ stdout: stdout.reader, stderr: stderr.reader }, sink),
    stdout: stdout.writer,
    stderr: stderr.writer,
  };
}

const text = (chunks: readonly OutputChunk[], stream: string) =>
  Buffer.concat(chunks.filter((chunk) => chunk.stream === stream).map(({ data }) => data)).toString();
const isSettled = async (promise: Promise<unknown>) => {
  const pending = Symbol('pending');
  return (await Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 20, pending))])) !== pending;
};

test('every reader and the sink get everything, each stream in its order', async (t) => {
  const logged: OutputChunk[] = [];
  const { io, stdout, stderr } = await processOf(t, (chunk) => void logged.push(chunk));
  const readers = [io.subscribe(), io.subscribe()];
  for (let line = 0; line < 100; line++) stdout.write(`${line}\n`);
  stderr.end('fault\n');
  stdout.end('last\n');
  const wanted = `${Array.from({ length: 100 }, (_, line) => `${line}\n`).join('')}last\n`;
  for (const { output } of readers) {
    const chunks = await Array.fromAsync(output);
    assert.deepEqual([text(chunks, 'stdout'), text(chunks, 'stderr')], [wanted, 'fault\n']);
  }
  assert.deepEqual([text(logged, 'stdout'), text(logged, 'stderr')], [wanted, 'fault\n']);
  await io.ended;
});

test('who comes later gets what comes later, and after the end nothing', async (t) => {
  const { io, stdout, stderr } = await processOf(t);
  const early = io.subscribe();
  stdout.write('early');
  assert.equal((await early.output[Symbol.asyncIterator]().next()).value?.data.toString(), 'early');
  const late = io.subscribe();
  stdout.end('late');
  stderr.end();
  assert.equal(text(await Array.fromAsync(late.output), 'stdout'), 'late');
  assert.deepEqual(await Array.fromAsync(io.subscribe().output), []);
});

test('a reader has a copy: the next piece is read to the same place', async (t) => {
  const [stdout, stderr] = [await pipe(t), await pipe(t)];
  const io = new ProcessIo({ stdout: stdout.reader, stderr: stderr.reader }, () => undefined);
  const { output, close } = io.subscribe();
  const place = Buffer.from('one');
  stdout.reader.emit('data', place);
  place.write('two');
  stdout.reader.emit('data', place);
  close();
  assert.equal(text(await Array.fromAsync(output), 'stdout'), 'onetwo');
});

test('the output has ended only when both streams have', async (t) => {
  const { io, stdout, stderr } = await processOf(t);
  stdout.end();
  assert.equal(await isSettled(io.ended), false);
  stderr.end();
  await io.ended;
});

test('a reader that does not read stops the process, and lets it go on when it reads or leaves', async (t) => {
  const { io, stdout } = await processOf(t);
  const idle = io.subscribe();
  const other = io.subscribe();
  const written = new Promise((resolve) => stdout.write(Buffer.alloc(16 * MEBIBYTE), resolve));
  const reading = other.output[Symbol.asyncIterator]();
  let received = 0;
  const readOn = async () => {
    for (;;) {
      const { value } = await reading.next();
      if (value === undefined) return;
      received += value.data.length;
    }
  };
  const all = readOn();
  assert.equal(await isSettled(written), false, 'the reader that waits holds it back');
  assert.ok(received < 4 * MEBIBYTE, `${received} bytes`);
  idle.close();
  await written;
  other.close();
  await all;
  assert.equal(io.isRead, false);
});

test('a log that is behind stops the process until it has caught up', async (t) => {
  const { promise: caughtUp, resolve } = Promise.withResolvers<void>();
  let taken = 0;
  const { stdout } = await processOf(t, ({ data }) => {
    taken += data.length;
    return taken > MEBIBYTE ? caughtUp : undefined;
  });
  const written = new Promise((done) => stdout.write(Buffer.alloc(8 * MEBIBYTE), done));
  assert.equal(await isSettled(written), false);
  assert.ok(taken < 4 * MEBIBYTE, `${taken} bytes`);
  resolve();
  await written;
});

test('what an ended process left is taken although a reader is behind, who finds all of it', async (t) => {
  const { io, stdout, stderr } = await processOf(t);
  const { output } = io.subscribe();
  const size = 3 * MEBIBYTE;
  stdout.end(Buffer.alloc(size, 'x'));
  stderr.end();
  assert.equal(await isSettled(io.ended), false, 'it waits for the reader');
  await io.drain();
  const chunks = await Array.fromAsync(output);
  assert.equal(text(chunks, 'stdout').length, size);
});

test('somebody else who holds the pipe open and is silent, or is not, is not waited for without end', async (t) => {
  const silent = await processOf(t);
  const { output } = silent.io.subscribe();
  silent.stdout.write('last words');
  await silent.io.drain();
  assert.equal(text(await Array.fromAsync(output), 'stdout'), 'last words');

  const talkative = await processOf(t);
  const timer = setInterval(() => talkative.stdout.write('more'), 20);
  await talkative.io.drain(300);
  clearInterval(timer);
});

test('a reader that leaves its loop early is a reader no more', async (t) => {
  const { io, stdout, stderr } = await processOf(t);
  const { output, close } = io.subscribe();
  stdout.write('one');
  for await (const { data } of output) {
    assert.equal(data.toString(), 'one');
    break;
  }
  close();
  close();
  assert.equal(io.isRead, false);
  stdout.end();
  stderr.end();
  await io.ended;
});

test('pipes that were closed before anybody came have ended', { timeout: 5000 }, async (t) => {
  const [stdout, stderr] = [await pipe(t), await pipe(t)];
  for (const { reader } of [stdout, stderr]) {
    reader.destroy();
    await once(reader, 'close');
  }
  const io = new ProcessIo({ stdout: stdout.reader, stderr: stderr.reader }, () => undefined);
  await io.drain();
  assert.deepEqual(await Array.fromAsync(io.subscribe().output), []);
});
