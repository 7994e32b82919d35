import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatIdentityRanges,
  type IdentityMapping,
  ownerInside,
  ownerOutside,
  parseIdentityRanges,
  sameMapping,
} from './identity-mapping.ts';

const mapping: IdentityMapping = {
  users: [
    { inside: 0, outside: 100_000, count: 1000 },
    { inside: 1000, outside: 500_000, count: 10 },
  ],
  groups: [{ inside: 0, outside: 200_000, count: 65_536 }],
};

test('an owner is somebody else outside, and himself again inside', () => {
  for (const [inside, outside] of [
    [
      { uid: 0, gid: 0 },
      { uid: 100_000, gid: 200_000 },
    ],
    [
      { uid: 999, gid: 65_535 },
      { uid: 100_999, gid: 265_535 },
    ],
    [
      { uid: 1009, gid: 5 },
      { uid: 500_009, gid: 200_005 },
    ],
  ] as const) {
    assert.deepEqual(ownerOutside(mapping, inside), outside);
    assert.deepEqual(ownerInside(mapping, outside), inside);
  }
});

test('who is not mapped is nobody inside, and cannot be outside', () => {
  assert.deepEqual(ownerInside(mapping, { uid: 0, gid: 0 }), { uid: 65_534, gid: 65_534 });
  const message = 'Container ID 1010 cannot be mapped to a host ID';
  assert.throws(() => ownerOutside(mapping, { uid: 1010, gid: 0 }), { code: 'invalid-argument', message });
});

test('ranges are written and read as the kernel has them', () => {
  assert.equal(formatIdentityRanges(mapping.users), '0 100000 1000\n1000 500000 10\n');
  const padded = '         0     100000       1000\n      1000     500000         10\n';
  assert.deepEqual(parseIdentityRanges(padded), mapping.users);
  assert.deepEqual(parseIdentityRanges(''), []);
});

test('mappings are the same when they say the same', () => {
  assert.ok(sameMapping(mapping, { ...mapping }));
  assert.ok(sameMapping(undefined, undefined));
  assert.ok(!sameMapping(mapping, undefined));
  assert.ok(!sameMapping(mapping, { ...mapping, groups: mapping.users }));
});
