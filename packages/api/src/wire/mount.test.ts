import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '@fairlead/engine';
import { decodeJson } from './go-json.ts';
import { mountSchema, parseMount, presentMountRequest } from './mount.ts';

const parse = (mount: Json, version: 44 | 45 = 45) => parseMount(decodeJson(mountSchema, mount, 'Mount'), version);
const full = {
  Type: 'volume',
  Source: 'web',
  Target: '/srv',
  ReadOnly: true,
  VolumeOptions: {
    NoCopy: true,
    Labels: { a: 'b' },
    Subpath: 'part',
    DriverConfig: { Name: 'local', Options: { type: 'tmpfs', device: 'tmpfs' } },
  },
};

test('what a mount says of its volume is kept and shown again', () => {
  const mount = parse(full);
  assert.deepEqual(mount, {
    type: 'volume',
    source: 'web',
    target: '/srv',
    readOnly: true,
    volume: {
      noCopy: true,
      labels: { a: 'b' },
      subpath: 'part',
      driver: { name: 'local', options: { type: 'tmpfs', device: 'tmpfs' } },
    },
  });
  assert.deepEqual(presentMountRequest(mount), full);
  const anonymous = { Type: 'volume', Target: '/srv' };
  assert.deepEqual(presentMountRequest(parse(anonymous)), anonymous);
});

test('what a mount says of a bind and of a tmpfs is kept and shown again', () => {
  const mounts: readonly Json[] = [
    { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { Propagation: 'rslave', NonRecursive: true } },
    { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { NonRecursive: true } },
    { Type: 'tmpfs', Target: '/t', ReadOnly: true, TmpfsOptions: { SizeBytes: 4096, Mode: 0o700 } },
    { Type: 'tmpfs', Target: '/t', TmpfsOptions: { Mode: 0o1777 } },
  ];
  for (const mount of mounts) assert.deepEqual(presentMountRequest(parse(mount)), mount);
});

test('before 1.45 there were no parts of volumes', () => {
  assert.equal(parse(full, 44).volume?.subpath, '');
});

test('what makes no sense is refused in Docker’s words', () => {
  const volume = (change: object): Json => ({ Type: 'volume', Source: 'web', Target: '/srv', ...change });
  const outside = 'subpath must be a relative path within the volume';
  const cases: readonly (readonly [Json, string])[] = [
    [volume({ Target: '' }), 'field Target must not be empty'],
    [volume({ Target: 'srv' }), "invalid mount path: 'srv' mount path must be absolute"],
    [volume({ Target: '/srv/..' }), "invalid specification: destination can't be '/'"],
    [volume({ BindOptions: {} }), 'field BindOptions must not be specified'],
    [volume({ TmpfsOptions: {} }), 'field TmpfsOptions must not be specified'],
    [volume({ Source: '', VolumeOptions: { Subpath: 'a' } }), 'must not set Subpath when using anonymous volumes'],
    [volume({ VolumeOptions: { Subpath: '/a' } }), outside],
    [volume({ VolumeOptions: { Subpath: '../a' } }), outside],
    [volume({ VolumeOptions: { Subpath: 'a/../..' } }), outside],
  ];
  for (const [mount, reason] of cases) {
    const message = `invalid mount config for type "volume": ${reason}`;
    assert.throws(() => parse(mount), { code: 'invalid-argument', message }, reason);
  }
  assert.throws(() => parse({ Type: 'bind', Source: '/a', Target: '/b', VolumeOptions: {} }), {
    message: 'invalid mount config for type "bind": field VolumeOptions must not be specified',
  });
});
