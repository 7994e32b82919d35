import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatUpstream, parseUpstream, UpstreamHealth } from './upstream.ts';

for (const [text, address, port] of [
  ['10.0.0.1', '10.0.0.1', 53],
  ['10.0.0.1:5353', '10.0.0.1', 5353],
  ['fd00::1', 'fd00::1', 53],
  ['[fd00::1]:5353', 'fd00::1', 5353],
  ['fe80::1%eth0', 'fe80::1%eth0', 53],
] as const) {
  test(`${text} is a name server`, () => {
    assert.deepEqual(parseUpstream(text), { address, port });
    assert.equal(formatUpstream({ address, port }), text);
  });
}

for (const text of ['', 'dns.example', '10.0.0.1:0', '10.0.0.1:65536', '10.0.0', '[10.0.0.1']) {
  test(`'${text}' is no name server`, () => {
    assert.throws(() => parseUpstream(text), { code: 'invalid-argument', message: `invalid name server: ${text}` });
  });
}

test('a silent server goes to the end for a while and comes back when it answers', () => {
  let time = 0;
  const health = new UpstreamHealth(() => time);
  const [one, two] = [parseUpstream('10.0.0.1'), parseUpstream('10.0.0.2')];
  health.failed(one);
  assert.deepEqual(health.rank([one, two]), [one, two], 'once may happen');
  health.failed(one);
  assert.deepEqual(health.rank([one, two]), [two, one]);
  time += 15_000;
  assert.deepEqual(health.rank([one, two]), [one, two], 'another chance');
  health.failed(one);
  assert.deepEqual(health.rank([one, two]), [two, one]);
  health.answered(one);
  assert.deepEqual(health.rank([one, two]), [one, two]);
});
