import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completed } from '../testing/memory-target.ts';
import { type Progress, progressStream } from './progress.ts';

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
