import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BindMountOptions, Json } from '@fairlead/engine';
import { decodeJson } from './go-json.ts';
import { mountSchema, parseMount, presentMountRequest } from './mount.ts';

const parse = (mount: Json, version = 45) => parseMount(decodeJson(mountSchema, mount, 'Mount'), version);
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

test('what a mount says of a path, of its cache and of a tmpfs is kept and shown again', () => {
  const mounts = [
    { Type: 'bind', Source: '/a', Target: '/b', BindOptions: {} },
    { Type: 'bind', Source: '/a', Target: '/b', Consistency: 'cached', BindOptions: { Propagation: 'rslave' } },
    { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { NonRecursive: true, CreateMountpoint: true } },
    { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } },
    { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, BindOptions: { ReadOnlyForceRecursive: true } },
    { Type: 'tmpfs', Target: '/b', TmpfsOptions: { SizeBytes: 4096, Mode: 0o1770, Options: [['exec']] } },
    { Type: 'tmpfs', Target: '/b', TmpfsOptions: { Mode: 0o700 } },
  ];
  for (const mount of mounts) assert.deepEqual(presentMountRequest(parse(mount)), mount);
});

test('a mounted image has a source, and nothing of a volume', () => {
  const image = { Type: 'image', Source: 'web', Target: '/srv', ImageOptions: { Subpath: 'a' } };
  const parsed = parse(image, 48);
  assert.deepEqual(parsed, { type: 'image', source: 'web', target: '/srv', readOnly: false, image: { subpath: 'a' } });
  assert.deepEqual(presentMountRequest(parsed), image);
  const whole = { ...image, ImageOptions: {} };
  assert.deepEqual(presentMountRequest(parse(whole, 48)), whole);
  for (const [change, reason] of [
    [{ Source: '' }, 'field Source must not be empty'],
    [{ VolumeOptions: {} }, 'field VolumeOptions must not be specified'],
    [{ ImageOptions: { Subpath: '../a' } }, 'subpath must be a relative path within the volume'],
  ] as const) {
    const message = `invalid mount config for type "image": ${reason}`;
    assert.throws(() => parse({ ...image, ...change }, 48), { code: 'invalid-argument', message });
  }
  assert.throws(() => parse({ ...full, ImageOptions: {} }), /field ImageOptions must not be specified/);
  assert.throws(() => parse(image, 47), { message: 'Mount type "Image" needs API v1.48 or newer' });
});

test('what there was not yet in an old version nobody means', () => {
  assert.equal(parse(full, 44).volume?.subpath, '');
  const bind = {
    Type: 'bind',
    Source: '/a',
    Target: '/b',
    BindOptions: { NonRecursive: true, CreateMountpoint: true },
  };
  const options = ({ nonRecursive, createMountpoint }: BindMountOptions) => [nonRecursive, createMountpoint];
  for (const [version, wanted] of [
    [39, [false, false]],
    [41, [true, false]],
    [42, [true, true]],
  ] as const) {
    const parsed = parse(bind, version).bind;
    assert.ok(parsed !== undefined);
    assert.deepEqual(options(parsed), wanted, `1.${version}`);
  }
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
    [volume({ Source: '', ReadOnly: true }), 'must not set ReadOnly mode when using anonymous volumes'],
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
  assert.throws(() => parse({ Type: 'bind', Source: '/a', Target: '/b', BindOptions: { Propagation: 'far' } }), {
    message: 'invalid mount config for type "bind": invalid propagation mode: far',
  });
  const bind = (readOnly: boolean, options: Json): Json => {
    return { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: readOnly, BindOptions: options };
  };
  const force = { ReadOnlyForceRecursive: true };
  for (const [mount, reason] of [
    [bind(false, { ReadOnlyNonRecursive: true }), '!ReadOnly && BindOptions.ReadOnlyNonRecursive'],
    [bind(false, force), '!ReadOnly && BindOptions.ReadOnlyForceRecursive'],
    [
      bind(true, { ...force, ReadOnlyNonRecursive: true }),
      'ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive',
    ],
  ] as const) {
    assert.throws(() => parse(mount), {
      message: `invalid mount config for type "bind": mount options conflict: ${reason}`,
    });
  }
  assert.throws(() => parse(bind(true, force), 43), {
    message: 'BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer',
  });
  for (const [options, reason] of [
    [[['exec', '1', '2']], 'invalid option array length'],
    [[['noexec'], ['size', '1m']], 'invalid option: size'],
  ] as const) {
    assert.throws(() => parse({ Type: 'tmpfs', Target: '/b', TmpfsOptions: { Options: options } }), {
      message: `invalid mount config for type "tmpfs": ${reason}`,
    });
  }
});
