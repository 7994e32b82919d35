import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ProcessStreams } from './process-streams.ts';

/** Streams of a process with a terminal, the end that it writes to, and what its pipes were made to hold. */
async function terminal(t: TestContext) {
  const directory = join(mkdtempSync(join(tmpdir(), 'fairlead-streams-')), 'pipes');
  t.after(() => rmSync(join(directory, '..'), { recursive: true }));
  const capacities: number[] = [];
  const streams = await ProcessStreams.create(
    { directory, stdin: false, terminal: true },
    {
      makeFifo: (path) => void execFileSync('mkfifo', [path]),
      setPipeCapacity: (_, bytes) => {
        capacities.push(bytes);
        throw new Error('the kernel allows no more');
      },
    },
  );
  t.after(() => streams[Symbol.dispose]());
  const writer = openSync(streams.paths.stdout, constants.O_WRONLY);
  return { stdout: streams.stdout, writer, capacities };
}

test('output waits in its pipe until it is wanted', async (t) => {
  const { stdout, writer } = await terminal(t);
  const seen: string[] = [];
  stdout.on('data', (data: Buffer) => seen.push(data.toString()));
  writeSync(writer, 'early ');
  await new Promise(setImmediate);
  assert.deepEqual(seen, []);
  stdout.resume();
  await once(stdout, 'data');
  writeSync(writer, 'late');
  closeSync(writer);
  await once(stdout, 'close');
  assert.equal(seen.join(''), 'early late');
});

test('a pipe that gives much is made to hold more, once, and goes on where that is not allowed', async (t) => {
  const { stdout, writer, capacities } = await terminal(t);
  let received = 0;
  stdout.on('data', (data: Buffer) => {
    received += data.length;
  });
  stdout.resume();
  for (const length of [1000, 65_536, 65_536]) {
    const before = received;
    writeSync(writer, Buffer.alloc(length));
    while (received < before + length) await once(stdout, 'data');
    assert.equal(capacities.length, length === 1000 ? 0 : 1);
  }
  assert.deepEqual(capacities, [262_144]);
  closeSync(writer);
  await once(stdout, 'close');
});

test('what nobody listens to is read all the same', async (t) => {
  const { stdout, writer } = await terminal(t);
  stdout.resume();
  writeSync(writer, 'unheard');
  await new Promise(setImmediate);
  closeSync(writer);
  await once(stdout, 'close');
});
