import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServedContext } from './served-context.ts';

async function* pieces(fault?: Error) {
  yield Buffer.from('one ');
  if (fault !== undefined) throw fault;
  yield Buffer.from('two');
}

test('a context is given once, to who knows its name', async () => {
  await using context = await ServedContext.listen(pieces());
  assert.match(context.url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}$/);
  const status = async (url: string, method = 'GET') => (await fetch(url, { method })).status;
  assert.equal(await status(new URL('/', context.url).href), 404);
  assert.equal(await status(context.url, 'HEAD'), 404);
  assert.equal(await (await fetch(context.url)).text(), 'one two');
  assert.equal(await status(context.url), 404);
});

test('one that is cut off is not taken for a whole one', async () => {
  await using context = await ServedContext.listen(pieces(new Error('the client has gone')));
  await assert.rejects(fetch(context.url).then((response) => response.text()));
});
