import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReadOnlyBind, type MountOptions, parseMountOptions } from './mount-options.ts';
import { parseMountPoints } from './mount-table.ts';

const none: MountOptions = { flags: 0, propagation: 0, data: '' };
const cases: readonly (readonly [text: string, wanted: Partial<MountOptions>])[] = [
  ['', {}],
  ['defaults', {}],
  ['bind', { flags: 0x1000 }],
  ['rbind,ro', { flags: 0x5001 }],
  ['ro,rw', {}],
  ['nosuid,nodev,noexec', { flags: 14 }],
  ['size=1m,uid=7', { data: 'size=1m,uid=7' }],
  ['addr=192.0.2.1,ro,,nolock', { flags: 1, data: 'addr=192.0.2.1,nolock' }],
  ['bind,rslave', { flags: 0x1000, propagation: 0x84000 }],
];

test('options become flags, and what is no flag is left to the file system', () => {
  for (const [text, wanted] of cases) assert.deepEqual(parseMountOptions(text), { ...none, ...wanted }, text);
});

test('only a bind needs a second call to be read-only', () => {
  assert.deepEqual(
    ['bind,ro', 'rbind,ro', 'bind', 'ro'].map((text) => isReadOnlyBind(parseMountOptions(text).flags)),
    [true, true, false, false],
  );
});

test('mount points are read from the kernel’s table with what is escaped in it', () => {
  const table = [
    '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '36 22 0:32 / /srv/with\\040blank\\134and\\011tab rw shared:1 - tmpfs tmpfs rw',
    '',
  ].join('\n');
  assert.deepEqual(parseMountPoints(table), ['/', '/srv/with blank\\and\ttab']);
});
