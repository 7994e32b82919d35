import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileSystemOf, requireDriverOptions, withoutPassword } from './driver-options.ts';

test('options that the driver takes are taken', () => {
  const cases = [
    {},
    { type: 'tmpfs', device: 'tmpfs' },
    { type: 'nfs', device: ':/export', o: 'addr=192.0.2.1,rw' },
    { type: 'cifs', device: '//server/share', o: 'port=445' },
    { type: '', device: '' },
    { size: '0' },
  ];
  for (const options of cases) requireDriverOptions(options);
});

test('options that it does not take are refused in Docker’s words', () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ foo: 'bar' }, 'invalid option: "foo"'],
    [{ Type: 'tmpfs' }, 'invalid option: "Type"'],
    [{ constructor: 'x' }, 'invalid option: "constructor"'],
    [{ type: 'tmpfs' }, 'missing required option: "device"'],
    [{ device: 'tmpfs' }, 'missing required option: "type"'],
    [{ o: 'ro' }, 'missing required option: "device"'],
    [{ o: 'ro', device: 'x' }, 'missing required option: "type"'],
    [{ size: '1m' }, 'quota size requested but no quota support'],
    [{ size: 'zz' }, "invalid size: 'zz'"],
    [{ type: 'cifs', device: '//server:445/share' }, "port not allowed in CIFS device URL, include 'port' in 'o='"],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => requireDriverOptions(options), { code: 'invalid-argument', message }, message);
  }
});

test('a volume with a device is mounted, others are directories', () => {
  assert.equal(fileSystemOf({ options: null }), undefined);
  assert.equal(fileSystemOf({ options: {} }), undefined);
  assert.equal(fileSystemOf({ options: { size: '0' } }), undefined);
  const options = { type: 'nfs', device: ':/export', o: 'addr=192.0.2.1' };
  assert.deepEqual(fileSystemOf({ options }), { source: ':/export', type: 'nfs', options: 'addr=192.0.2.1' });
  assert.deepEqual(fileSystemOf({ options: { type: 'tmpfs', device: 'x' } })?.options, '');
});

test('a password is not told', () => {
  const mount = { source: '//server/share', type: 'cifs', options: 'user=me,password=secret,ro' };
  assert.equal(withoutPassword(`data: ${mount.options}: no`, mount), 'data: user=me,password=********,ro: no');
  assert.equal(withoutPassword('as it is', { ...mount, options: 'ro' }), 'as it is');
});
