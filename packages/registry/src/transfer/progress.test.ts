import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completed } from '../testing/memory-target.ts';
import { type Progress, progressStream, progressText } from './progress.ts';

describe('progressStream', () => {
  it('gives every report and then the result', async () => {
    const { progress, result } = await completed(
      progressStream(async (report) => {
        report({ status: 'a' });
        await new Promise((resolve) => setImmediate(resolve));
        report({ status: 'b' });
        report({ status: 'c' });
        return 7;
      }),
    );
    assert.deepEqual(
      progress.map(({ status }) => status),
      ['a', 'b', 'c'],
    );
    assert.equal(result, 7);
  });

  it('gives the reports before the error', async () => {
    const seen: Progress[] = [];
    const stream = progressStream(async (report) => {
      report({ status: 'a' });
      throw new Error('broken');
    });
    await assert.rejects(
      async () => {
        for await (const line of stream) seen.push(line);
      },
      { message: 'broken' },
    );
    assert.deepEqual(seen, [{ status: 'a' }]);
  });

  it('raises the signal when the reader leaves, and waits until the work has stopped', async () => {
    let stopped = false;
    const stream = progressStream(async (report, signal) => {
      report({ status: 'a' });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      stopped = true;
    });
    for await (const _ of stream) break;
    assert.ok(stopped);
  });
});

describe('progressText', () => {
  const bar = (done: number) => `[${'='.repeat(done)}>${' '.repeat(50 - done)}]`;
  const table: [current: number, total: number, text: string][] = [
    [0, 2_100_000, `${bar(0)}       0B/2.1MB`],
    [1_050_000, 2_100_000, `${bar(25)}   1.05MB/2.1MB`],
    [2_207_176, 2_207_176, `${bar(50)}  2.207MB/2.207MB`],
    [512, 0, '    512B'],
  ];
  for (const [current, total, text] of table) {
    it(`of ${current} of ${total} bytes is ${text}`, () => assert.equal(progressText(current, total), text));
  }
});
