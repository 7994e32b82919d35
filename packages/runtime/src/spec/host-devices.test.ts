import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceNumbers, readHostDevice, readHostDevices } from './host-devices.ts';

test('device numbers come apart as makedev(3) put them together', () => {
  assert.deepEqual(deviceNumbers(0x103n), { major: 1, minor: 3 });
  assert.deepEqual(deviceNumbers(0x12300867n), { major: 8, minor: 0x12367 });
  assert.deepEqual(deviceNumbers(0x1000_0000_0500n), { major: 0x1005, minor: 0 });
});

test('a device is described by its node', () => {
  const device = readHostDevice('/dev/null', '/dev/nothing', 'r');
  assert.deepEqual(
    { ...device, uid: 0, gid: 0 },
    {
      path: '/dev/nothing',
      type: 'c',
      major: 1,
      minor: 3,
      access: 'r',
      fileMode: 0o666,
      uid: 0,
      gid: 0,
    },
  );
});

test('what is no device is refused in the words of Docker', () => {
  assert.throws(() => readHostDevice('/dev/nosuch'), {
    code: 'invalid-argument',
    message: 'error gathering device information while adding custom device "/dev/nosuch": no such file or directory',
  });
  assert.throws(() => readHostDevice('/etc'), { code: 'invalid-argument', message: /not a device node$/ });
});

test('the devices of the host are there without its terminals', () => {
  const paths = readHostDevices().map((device) => device.path);
  assert.ok(paths.includes('/dev/null'));
  assert.ok(!paths.some((path) => path.startsWith('/dev/pts/')));
});
