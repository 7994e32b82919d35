import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remappedIdentities } from './user-remap.ts';

const files = {
  passwd: [
    'root:x:0:0::/root:/bin/sh',
    'dockremap:x:99:98::/:/bin/false',
    'ann:x:1000:1000::/:/bin/sh',
    'bob:x:1001:1001::/:/bin/sh',
    'loner:x:1002:1002::/:/bin/sh',
    '+::::::',
  ].join('\n'),
  group: 'root:x:0:\ndockremap:x:98:\nann:x:1000:\nstaff:x:50:\nbob:x:1001:\n',
  subuid: 'dockremap:100000:65536\nann:200000:1000\n1000:300000:5\nbob:400000:10\nbroken:x:y\n',
  subgid: 'dockremap:100000:65536\nann:200000:1000\nstaff:500000:10\n',
};
const range = (outside: number, count: number, inside = 0) => ({ inside, outside, count });
const usual = [range(100_000, 65_536)];

for (const [asked, users, groups] of [
  ['default', usual, usual],
  ['dockremap', usual, usual],
  ['dockremap:dockremap', usual, usual],
  ['99:98', usual, usual],
  ['ann', [range(200_000, 1000), range(300_000, 5, 1000)], [range(200_000, 1000)]],
  ['1000', [range(200_000, 1000), range(300_000, 5, 1000)], [range(200_000, 1000)]],
  ['bob:staff', [range(400_000, 10)], [range(500_000, 10)]],
] as const) {
  test(`containers' users with --userns-remap=${asked}`, () => {
    assert.deepEqual(remappedIdentities(asked, files), { users, groups });
  });
}

test('root is himself', () => {
  assert.equal(remappedIdentities('root', files), undefined);
  assert.equal(remappedIdentities('0:0', files), undefined);
});

for (const [asked, message] of [
  ['a:b:c', 'Invalid user/group specification in --userns-remap: "a:b:c"'],
  ['nobody', 'Error during uid lookup for "nobody": no such user'],
  ['4711', 'Uid 4711 has no entry in /etc/passwd: no such user'],
  ['loner', 'Error during gid lookup for "loner": no such group'],
  ['ann:nosuch', 'Error during groupname lookup for "nosuch": no such group'],
  ['ann:4711', 'Gid 4711 has no entry in /etc/group: no such group'],
  ['loner:staff', 'Can\'t create ID mappings: no subuid ranges found for user "loner"'],
  ['bob', 'Can\'t create ID mappings: no subgid ranges found for user "bob"'],
] as const) {
  test(`refused: --userns-remap=${asked}`, () => {
    assert.throws(() => remappedIdentities(asked, files), { code: 'invalid-argument', message });
  });
}

test('who has no user dockremap is told how to make one', () => {
  const message =
    /^--userns-remap=default needs a user "dockremap", which Fairlead does not make: useradd .* dockremap$/;
  assert.throws(() => remappedIdentities('default', { ...files, passwd: '' }), { message });
});
