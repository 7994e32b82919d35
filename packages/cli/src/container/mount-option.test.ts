import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { parseMount, splitVolumes } from './mount-option.ts';

test('-v without a colon asks for an anonymous volume, and a path of the caller’s becomes absolute', () => {
  assert.deepEqual(splitVolumes(['/anonymous', 'web:/srv', './data:/data:ro', '/a:/b', '.:/here']), {
    binds: ['web:/srv', `${resolve('data')}:/data:ro`, '/a:/b', `${resolve('.')}:/here`],
    anonymous: ['/anonymous'],
  });
});

const plain = { Type: 'volume', Source: '', Target: '/m', ReadOnly: false };
const cases: readonly (readonly [text: string, wanted: object])[] = [
  ['dst=/m', plain],
  ['type=volume,src=web,destination=/m,ro', { ...plain, Source: 'web', ReadOnly: true }],
  ['type=bind,source=/a,target=/m,readonly=false', { ...plain, Type: 'bind', Source: '/a' }],
  ['dst=/m,volume-nocopy', { ...plain, VolumeOptions: { NoCopy: true } }],
  ['dst=/m,src=web,volume-subpath=a/b', { ...plain, Source: 'web', VolumeOptions: { Subpath: 'a/b' } }],
  ['type=image,src=web,dst=/m', { ...plain, Type: 'image', Source: 'web' }],
  [
    'type=image,src=web,dst=/m,image-subpath=a/b',
    { ...plain, Type: 'image', Source: 'web', ImageOptions: { Subpath: 'a/b' } },
  ],
  ['dst=/m,volume-label=a=b,volume-label=c', { ...plain, VolumeOptions: { Labels: { a: 'b', c: '' } } }],
  ['dst=/m,volume-driver=local', { ...plain, VolumeOptions: { DriverConfig: { Name: 'local' } } }],
  [
    'dst=/m,volume-opt=type=tmpfs,volume-opt=device=x',
    { ...plain, VolumeOptions: { DriverConfig: { Options: { type: 'tmpfs', device: 'x' } } } },
  ],
  ['type=tmpfs,dst=/m,tmpfs-size=64', { ...plain, Type: 'tmpfs', TmpfsOptions: { SizeBytes: 64 } }],
  [
    'type=tmpfs,dst=/m,tmpfs-size=64m,tmpfs-mode=1770',
    { ...plain, Type: 'tmpfs', TmpfsOptions: { SizeBytes: 64 << 20, Mode: 0o1770 } },
  ],
  [
    'type=bind,src=/a,dst=/m,bind-propagation=rslave,bind-nonrecursive',
    { ...plain, Type: 'bind', Source: '/a', BindOptions: { Propagation: 'rslave', NonRecursive: true } },
  ],
  ['type=bind,src=/a,dst=/m,bind-recursive=enabled', { ...plain, Type: 'bind', Source: '/a' }],
  [
    'type=bind,src=/a,dst=/m,ro,bind-recursive=readonly',
    { ...plain, Type: 'bind', Source: '/a', ReadOnly: true, BindOptions: { ReadOnlyForceRecursive: true } },
  ],
];

for (const [text, wanted] of cases) {
  test(`--mount ${text} is sent as docker sends it`, () => assert.deepEqual(parseMount(text), wanted));
}

test('a mount without a target is none, and neither is one that is not understood', () => {
  const problems: Readonly<Record<string, string>> = {
    'type=volume': 'target is required',
    'dst=/m,read-only=true': "unexpected key 'read-only' in 'read-only=true'",
    'type=tmpfs,dst=/m,tmpfs-size=much': 'invalid value for tmpfs-size: much',
    'type=tmpfs,dst=/m,tmpfs-mode=rwx': 'invalid value for tmpfs-mode: rwx',
    'dst=/m,bind-recursive=yes':
      'invalid value for bind-recursive: yes (must be "enabled", "disabled", "writable", or "readonly")',
  };
  for (const [text, problem] of Object.entries(problems)) {
    const message = `invalid argument "${text}" for "--mount" flag: ${problem}`;
    assert.throws(() => parseMount(text), { code: 'invalid-argument', message });
  }
});
