import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { Cache, cacheKey, defaultCacheLimits } from './cache.ts';
import { decodeMessage, encodeMessage, type Message, type ResourceRecord } from './message.ts';
import { layoutOf } from './message-layout.ts';
import { responseCode } from './record-type.ts';

const question = { name: 'example.org', type: 1, class: 1 };
const address = (ttl: number): ResourceRecord => ({
  name: 'example.org',
  ttl,
  data: { type: 'A', address: parseIpAddress('192.0.2.1') },
});
const authority = (ttl: number, minimum: number): ResourceRecord => ({
  name: 'org',
  ttl,
  data: { type: 'SOA', primary: 'a', mailbox: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});

/** Stores one response; says after how many seconds it is no longer given. */
function lifetimeOf(message: Partial<Message>): number {
  let time = 0;
  const cache = new Cache({ ...defaultCacheLimits, maximumTtl: 500 }, () => time);
  cache.store('k', encodeMessage({ id: 1, response: true, questions: [question], ...message }));
  while (cache.find('k') !== undefined) time++;
  return time;
}

const denied = { code: responseCode.nameError };
for (const [what, message, seconds] of [
  ['an address', { answers: [address(30)] }, 30],
  ['the shortest of several', { answers: [address(30), address(20)], authorities: [authority(10, 99)] }, 10],
  ['a long time', { answers: [address(100_000)] }, 500],
  ['no time at all', { answers: [address(0)] }, 0],
  ['a denial', { ...denied, authorities: [authority(300, 20)] }, 20],
  ['a denial whose SOA runs out first', { ...denied, authorities: [authority(10, 20)] }, 10],
  ['a long denial', { ...denied, authorities: [authority(3600, 3600)] }, 60],
  ['a denial without SOA', denied, 0],
  ['no data', { authorities: [authority(300, 20)] }, 20],
  ['an alias to nowhere', { answers: [{ ...address(50), data: { type: 'CNAME', target: 'x' } }] }, 0],
  ['what is cut off', { truncated: true, answers: [address(30)] }, 0],
  ['a failure', { code: responseCode.serverFailure, authorities: [authority(300, 20)] }, 0],
] as const) {
  test(`${what} is kept for ${seconds} s`, () => {
    assert.equal(lifetimeOf(message), seconds);
  });
}

test('a TTL counts down, and what is stale is given for a short time only when asked for', () => {
  let time = 100;
  const cache = new Cache(defaultCacheLimits, () => time);
  cache.store('k', encodeMessage({ id: 1, response: true, questions: [question], answers: [address(30)] }));
  time += 12;
  const ttlOf = (response: Uint8Array | undefined) => response && decodeMessage(response).answers?.[0]?.ttl;
  assert.equal(ttlOf(cache.find('k')), 18);
  time += 20;
  assert.equal(cache.find('k'), undefined);
  assert.equal(ttlOf(cache.find('k', { stale: true })), 5);
  time += defaultCacheLimits.staleFor;
  assert.equal(cache.find('k', { stale: true }), undefined);
  assert.equal(cache.size, 0);
});

test('the oldest answer goes when there are too many', () => {
  const cache = new Cache({ ...defaultCacheLimits, entries: 2 });
  const response = encodeMessage({ id: 1, response: true, questions: [question], answers: [address(30)] });
  for (const key of ['a', 'b', 'c']) cache.store(key, response);
  assert.equal(cache.find('a'), undefined);
  assert.ok(cache.find('b') && cache.find('c'));
});

test('spelling and identifier do not matter to the key, flags and DO do', () => {
  const keyOf = (message: Partial<Message>) => {
    const request = encodeMessage({ id: 1, questions: [question], ...message });
    return cacheKey(request, layoutOf(request));
  };
  assert.equal(keyOf({ id: 2, questions: [{ ...question, name: 'EXAMPLE.org' }] }), keyOf({}));
  const different: readonly Partial<Message>[] = [
    {},
    { questions: [{ ...question, type: 28 }] },
    { recursionDesired: true },
    { checkingDisabled: true },
    { edns: { payloadSize: 1232 } },
    { edns: { payloadSize: 1232, dnssecOk: true } },
  ];
  assert.equal(new Set(different.map(keyOf)).size, different.length);
});
