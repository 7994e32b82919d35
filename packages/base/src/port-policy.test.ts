import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPolicy, parsePortPolicy, policyKeys, splitPolicy } from './port-policy.ts';

const read: readonly (readonly [text: string, policy: object | undefined])[] = [
  ['8080:80', undefined],
  ['8080:80,from=10.0.0.0/8', { sources: ['10.0.0.0/8'] }],
  ['8080:80,from=10.1.2.3/8,from=192.0.2.1', { sources: ['10.0.0.0/8', '192.0.2.1/32'] }],
  ['80,from=2001:DB8::1,via=eth0', { sources: ['2001:db8::1/128'], interfaces: ['eth0'] }],
  ['80,via=eth0,via=wg0,via=eth0', { interfaces: ['eth0', 'wg0'] }],
  ['80,from=', { sources: [] }],
  ['80,from=10.0.0.0/8,from=10.1.0.0/16,from=10.0.0.0/8', { sources: ['10.0.0.0/8'] }],
  ['80,from=0.0.0.0/0', { sources: ['0.0.0.0/0'] }],
];
for (const [text, policy] of read) {
  test(`${text} is for ${JSON.stringify(policy)}`, () => {
    assert.deepEqual(splitPolicy(text).policy, policy);
    if (policy === undefined) return;
    assert.deepEqual(splitPolicy(`80,${formatPolicy(policy)}`).policy, policy, 'written and read again');
  });
}

const refused: readonly (readonly [text: string, message: string])[] = [
  ['80,from=x', 'invalid source: x'],
  ['80,from=10.0.0.0/33', 'invalid source: 10.0.0.0/33'],
  ['80,via=a/b', 'invalid interface: a/b'],
  ['80,via=averyveryverylongname', 'invalid interface: averyveryverylongname'],
  ['80,sources=10.0.0.0/8', 'invalid port option: sources=10.0.0.0/8: expected from=SOURCE or via=INTERFACE'],
];
for (const [text, message] of refused) {
  test(`${text} is refused`, () => assert.throws(() => splitPolicy(text), { code: 'invalid-argument', message }));
}

test('lists of labels may have blanks', () => {
  assert.deepEqual(parsePortPolicy(' 10.0.0.0/8 , 192.0.2.0/24', undefined).sources, ['10.0.0.0/8', '192.0.2.0/24']);
});

test('a port has its protocol, tcp unless said, and a range is every port of it', () => {
  assert.deepEqual(policyKeys('80'), ['80/tcp']);
  assert.deepEqual(policyKeys('53-54/UDP'), ['53/udp', '54/udp']);
  assert.throws(() => policyKeys('80/icmp'), { message: 'invalid proto: icmp' });
  assert.throws(() => policyKeys('x'), { message: 'invalid containerPort: x' });
});
