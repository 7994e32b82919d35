import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparable, difference, rewrite, rewriteBlocks } from './tour-page.ts';

const page = `# Page

\`\`\`console
$ one
stale
$ two \\
    --more
outside$ three
\`\`\`

    $ four

\`\`\`sh
$ five
\`\`\`
`;

test('the commands of console blocks are run in order, and what they print stands under them', async () => {
  const seen: string[] = [];
  const written = await rewrite(page, async (command, place) => {
    seen.push(`${place}: ${command}`);
    return command === 'one' ? 'fresh  \nlines' : '';
  });
  assert.deepEqual(seen, ['host: one', 'host: two \\\n    --more', 'outside: three']);
  assert.equal(written, page.replace('stale\n', 'fresh\nlines\n'));
});

test('two runs are compared without ids, addresses of cards, times and widths', () => {
  const one = 'a  02:42:ac:11:00:02 veth0123456789a@if2\nPING time=0.1 ms net:[4026532748] /proc/17/ns/net\n';
  const two = 'a 02:42:ac:11:00:99 vethfedcba98765@if2\nPING time=7.25 ms net:[4026532999] /proc/4711/ns/net\n';
  assert.deepEqual(comparable(one), comparable(two));
  assert.notDeepEqual(comparable('172.17.0.2'), comparable('172.17.0.3'));
  assert.notDeepEqual(comparable('eth0@if5'), comparable('eth0@if6'));
});

test('blocks of another language are given their words, and the rest of a page is left as it is', async () => {
  const text = 'a\n```kernel host docker0\nold\n```\n```console\n$ one\n```\n```kernel\n```\nb\n';
  const written = await rewriteBlocks(text, 'kernel', (block, words) => `${words.join('+')} was ${block.length}\n`);
  assert.equal(
    written,
    'a\n```kernel host docker0\nhost+docker0 was 4\n```\n```console\n$ one\n```\n```kernel\n was 0\n```\nb\n',
  );
});

test('a difference is told by lines, and nothing is told of what is the same', () => {
  assert.equal(difference(['a', 'b'], ['a', 'b']), undefined);
  assert.equal(difference(['a', 'b'], ['a', 'c']), '- b\n+ c\n');
  assert.equal(difference(['a', 'b'], ['b', 'a']), 'the same lines in another order\n');
});
