import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asTold, begun } from './as-told.ts';

test('what is told comes as it is told, and then the result', async () => {
  const step = Promise.withResolvers<void>();
  const values = asTold<string, string>(async (tell) => {
    tell('one');
    tell('two');
    await step.promise;
    tell('three');
    return 'result';
  });
  assert.equal((await values.next()).value, 'one');
  assert.equal((await values.next()).value, 'two');
  step.resolve();
  const rest: string[] = [];
  for await (const value of values) rest.push(value);
  assert.deepEqual(rest, ['three', 'result']);
});

test('what goes wrong before anything was told is thrown before the values begin', async () => {
  await assert.rejects(
    begun(
      asTold(async () => {
        throw new Error('no such container');
      }),
    ),
    /no such container/,
  );
});

test('what goes wrong later comes after what was told', async () => {
  const values = await begun(
    asTold<string, string>(async (tell) => {
      tell('one');
      throw new Error('lost');
    }),
  );
  assert.equal((await values.next()).value, 'one');
  await assert.rejects(values.next(), /lost/);
});
