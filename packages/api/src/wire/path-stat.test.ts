import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goFileMode, presentPathStat } from './path-stat.ts';

test('types and permissions are as Go has them', () => {
  for (const [mode, wanted] of [
    [0o100644, 0o644],
    [0o040755, 2147484141],
    [0o120777, 134218239],
    [0o104755, 8389101],
    [0o102755, 4194797],
    [0o041777, 2148532735],
    [0o060660, 67109296],
    [0o020666, 69206454],
    [0o010600, 33554816],
    [0o140600, 16777600],
  ] as const) {
    assert.equal(goFileMode(mode), wanted, mode.toString(8));
  }
});

test('the header is base64 of JSON, with all nanoseconds', () => {
  const decode = (modified: bigint) => {
    const header = presentPathStat({ name: 'x', size: 5, mode: 0o100600, modified, linkTarget: '' });
    return JSON.parse(Buffer.from(header, 'base64').toString()) as { readonly mtime: string };
  };
  assert.deepEqual(decode(1_700_000_000_123_456_789n), {
    name: 'x',
    size: 5,
    mode: 0o600,
    mtime: '2023-11-14T22:13:20.123456789Z',
    linkTarget: '',
  });
  assert.equal(decode(1_700_000_000_000_000_000n).mtime, '2023-11-14T22:13:20Z');
  assert.equal(decode(-1_500_000_000n).mtime, '1969-12-31T23:59:58.5Z');
});
