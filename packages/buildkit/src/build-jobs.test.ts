import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildJobs } from './build-jobs.ts';

async function* pieces() {
  yield Buffer.from('context');
}

test('a build and its context find each other, whichever comes first', async () => {
  for (const buildIsFirst of [true, false]) {
    const jobs = new BuildJobs();
    const context = pieces();
    const build = async () => {
      using job = jobs.open('b');
      assert.equal(await job.context(), context);
    };
    const give = () => jobs.give('b', context);
    await Promise.all((buildIsFirst ? [build, give] : [give, build]).map((start) => start()));
  }
});

test('neither waits for long', async () => {
  const jobs = new BuildJobs(1);
  await assert.rejects(jobs.give('b', pieces()), { code: 'unavailable', message: 'there is no build for the context' });
  using job = jobs.open('b');
  await assert.rejects(job.context(), { code: 'unavailable', message: 'the context of the build was not sent' });
});

test('a build is cancelled by its ID, and no other', () => {
  const jobs = new BuildJobs();
  using one = jobs.open('one');
  using other = jobs.open('other');
  using nameless = jobs.open('');
  for (const id of ['one', '', 'unknown']) jobs.cancel(id);
  assert.deepEqual(
    [one, other, nameless].map(({ cancelled }) => cancelled.aborted),
    [true, false, false],
  );
});
